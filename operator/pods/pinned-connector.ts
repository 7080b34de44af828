import { createHash } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import type { KeyPair } from './certificates.ts';
import { PodIdentityError } from './errors.ts';

/**
 * Connects by TLS to a server that shows exactly one certificate, whoever signed it. Another one ends the connection
 * before a byte of a request is sent: the address of a pod that is gone may be another pod's by now.
 * @param certificateSha256 lower-case hex, of the DER certificate
 */
export function pinnedConnector(options: {
  readonly certificateSha256: string;
  readonly client: KeyPair;
  readonly connectTimeoutMs: number;
}): buildConnector.connector {
  const connect = buildConnector({
    cert: options.client.certPem,
    key: options.client.keyPem,
    timeout: options.connectTimeoutMs,
    // Nobody signs a pod's certificate. The handshake still proves that the other side holds its key.
    rejectUnauthorized: false,
    maxCachedSessions: 0, // A resumed session would show no certificate.
    minVersion: 'TLSv1.3',
  });
  return (target, done) =>
    connect(target, (error, socket) => {
      if (error !== null) {
        done(error, null);
        return;
      }
      const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
      if (shown !== undefined && createHash('sha256').update(shown).digest('hex') === options.certificateSha256) {
        done(null, socket);
        return;
      }
      socket.destroy();
      done(new PodIdentityError(target.hostname), null);
    });
}
