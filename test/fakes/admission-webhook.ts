import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { aCertificateAuthority } from '../builders/a-certificate-authority.ts';

/** What it does with each request: refuse it with this message, or never answer. */
export type AdmissionBehaviour = { readonly refuses: string } | 'hangs';

export interface AdmissionWebhook {
  /** How an API server reaches it: for `webhooks[].clientConfig`. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  /** Questions that it was asked so far. */
  readonly asked: () => number;
  stop(): Promise<void>;
}

/** A validating admission webhook on loopback, of those that cluster policies are made of. */
export async function startAdmissionWebhook(behaviour: AdmissionBehaviour): Promise<AdmissionWebhook> {
  const authority = await aCertificateAuthority();
  let asked = 0;
  const server = createServer(await authority.issue('localhost', ['localhost']), (request, response) => {
    void answer(text(request)).then((review) => review && response.end(JSON.stringify(review)));
  });
  async function answer(body: Promise<string>): Promise<object | undefined> {
    const { apiVersion, kind, request } = JSON.parse(await body) as AdmissionReview;
    asked++;
    if (behaviour === 'hangs') return undefined;
    const status = { message: behaviour.refuses, code: 403 };
    return { apiVersion, kind, response: { uid: request.uid, allowed: false, status } };
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: {
      url: `https://localhost:${port}/validate`,
      caBundle: Buffer.from(authority.pem).toString('base64'),
    },
    asked: () => asked,
    async stop() {
      server.close();
      server.closeAllConnections(); // Those that wait for an answer would never end.
      await once(server, 'close');
    },
  };
}

interface AdmissionReview {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: { readonly uid: string };
}
