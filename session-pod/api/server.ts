import { constants } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CertificateAuthority } from '../deliver/certificate-authority.ts';
import type { Log } from '../publish/log.ts';
import { refuseStranger } from './client-certificate.ts';
import { createRequestListener } from './request-listener.ts';
import type { Route } from './route.ts';
import type { ServingCertificate } from './self-signed-certificate.ts';

export interface ApiServerOptions {
  readonly routes: readonly Route[];
  readonly certificate: ServingCertificate;
  /** Whose client certificates are believed; followed when it changes. */
  readonly ca: CertificateAuthority;
  readonly log: Log;
}

export interface ApiServer {
  /** Resolves with the port once it listens; 0 asks for any free one. */
  listen(port: number): Promise<number>;
  /** Stops listening; what is open has 50 ms left. */
  close(): Promise<void>;
}

const maxConnections = 256;

/** The pod's own HTTPS API. Who shows no certificate reaches the probes and the metrics. */
export function createApiServer({ routes, certificate, ca, log }: ApiServerOptions): ApiServer {
  const tls = {
    key: certificate.keyPem,
    cert: certificate.certificatePem,
    minVersion: 'TLSv1.3' as const,
    // A resumed session would be believed by the CA of yesterday.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  const refuse = ({ socket }: IncomingMessage) => refuseStranger(socket as TLSSocket);
  const listener = createRequestListener({ routes, refuse, log });
  const server = createServer(
    {
      ...tls,
      ca: ca.pem(),
      requestCert: true,
      rejectUnauthorized: false, // The kubelet's probes show no certificate: each route decides.
      handshakeTimeout: 5_000,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5_000,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => void listener(request, response),
  );
  server.maxConnections = maxConnections;
  ca.onChange((pem) => server.setSecureContext({ ...tls, ca: pem }));
  server.on('tlsClientError', (error) => log.debug({ err: error }, 'TLS handshake failed'));

  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, () => resolve((server.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // The answer to the very request that asked for the end may still be on its way.
        setTimeout(() => server.closeAllConnections(), 50);
      }),
  };
}
