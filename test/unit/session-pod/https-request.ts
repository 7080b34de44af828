import { request } from 'node:https';
import type { PeerCertificate, TLSSocket } from 'node:tls';

export interface HttpsAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly content: Buffer;
  readonly text: string;
  /** Parsed, where it is JSON. */
  readonly json: unknown;
  readonly certificate: PeerCertificate;
}
export interface HttpsRequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: string;
  /** 5_000 unless told. */
  readonly timeoutMs?: number;
  readonly client?: { readonly key: string; readonly cert: string };
}

/** One request to a server of the test on this machine, over a connection of its own. */
export function httpsRequest(port: number, path: string, options: HttpsRequestOptions = {}): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const sending = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
        agent: false,
        rejectUnauthorized: false,
        signal: AbortSignal.timeout(options.timeoutMs ?? 5_000),
        ...options.client,
      },
      (response) => {
        const certificate = (response.socket as TLSSocket).getPeerCertificate();
        const chunks: Buffer[] = [];
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const content = Buffer.concat(chunks);
          const text = content.toString('utf8');
          const contentType = response.headers['content-type'];
          const json: unknown = contentType?.includes('json') ? JSON.parse(text) : undefined;
          resolve({ status: response.statusCode ?? 0, contentType, content, text, json, certificate });
        });
      },
    );
    sending.on('error', reject);
    sending.end(options.body);
  });
}
