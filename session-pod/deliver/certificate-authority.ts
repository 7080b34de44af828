import { X509Certificate } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { BerthError } from '@berth/protocol';
import type { Log } from '../publish/log.ts';

/** The operator's CA as it is on the disk now: several certificates while it rotates. */
export interface CertificateAuthority {
  /** All certificates in PEM. */
  pem(): string;
  /** Calls back whenever the content has changed. */
  onChange(listener: (pem: string) => void): void;
  close(): void;
}

/** The file with the CA of the operator cannot be read, or holds no certificate. */
export class CertificateAuthorityError extends BerthError {
  readonly code = 'CA_UNREADABLE';
  readonly retryable = true;
  constructor(file: string, options: { cause: unknown }) {
    const what = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(`Cannot read the operator's CA in "${file}": ${what}; check the ConfigMap "berth-ca"`, options);
  }
}

/**
 * Reads the CA and looks again every `pollMs`. By polling, because the kubelet swaps a symbolic link further up and a
 * watch on the file would stay with the old one. A change for the worse is logged and the last good content kept.
 * @throws {CertificateAuthorityError} there is no good content to begin with
 */
export function watchCertificateAuthority(file: string, log: Log, pollMs = 5_000): CertificateAuthority {
  let current = read(file);
  const listeners: ((pem: string) => void)[] = [];
  const look = () => {
    try {
      const next = read(file);
      if (next === current) return;
      current = next;
      log.info('CA of the operator changed');
      for (const listener of listeners) listener(next);
    } catch (error) {
      log.warn({ err: error }, 'CA of the operator is unreadable, the last one stays in use');
    }
  };
  watchFile(file, { interval: pollMs, persistent: false }, look);
  return {
    pem: () => current,
    onChange: (listener) => void listeners.push(listener),
    close: () => unwatchFile(file, look),
  };
}

function read(file: string): string {
  try {
    const pem = readFileSync(file, 'utf8');
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    if (!blocks) throw new Error('it holds no PEM certificate');
    for (const block of blocks) void new X509Certificate(block);
    return blocks.map((block) => `${block}\n`).join(''); // OpenSSL skips what does not begin on a line of its own.
  } catch (error) {
    throw new CertificateAuthorityError(file, { cause: error });
  }
}
