import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LastWords } from '@berth/protocol';
import type { Credentials, TestAuthority } from '../../builders/a-certificate-authority.ts';
import type { WhatsApp } from '../../whatsapp/start-whatsapp.ts';
import { aTemporaryDirectory } from './a-temporary-directory.ts';
import type { Child } from './child-process.ts';
import { startChild } from './child-process.ts';
import { eventually } from './eventually.ts';
import type { HttpsAnswer, HttpsRequestOptions } from './https-request.ts';
import { httpsRequest } from './https-request.ts';

const mainFile = fileURLToPath(new URL('../../../session-pod/main.ts', import.meta.url));

export interface SessionPodOptions {
  readonly authority: TestAuthority;
  readonly client: Credentials;
  readonly whatsApp: Pick<WhatsApp, 'webSocketUrl' | 'rootPublicKey'>;
  readonly operatorUrl: string;
}

/** The volume of a session and what a kubelet would mount beside it; runs of the real process are started on it. */
export function aSessionPod({ authority, client, whatsApp, operatorUrl }: SessionPodOptions) {
  const directory = aTemporaryDirectory();
  const data = join(directory, 'data');
  const words = join(directory, 'termination-log');
  mkdirSync(data);
  writeFileSync(join(directory, 'ca.crt'), authority.pem);
  writeFileSync(join(directory, 'token'), 'token');
  return {
    data,
    credentialsFile: join(data, 'credentials.db'),
    /** Starts a process as the kubelet would. */
    start(runUid: string, environment: Record<string, string> = {}): SessionRun {
      writeFileSync(words, '');
      const child = startChild(mainFile, [], {
        POD_NAME: 'alpha',
        POD_NAMESPACE: 'demo',
        POD_UID: runUid,
        BERTH_ENGINE: 'Baileys',
        BERTH_OPERATOR_URL: operatorUrl,
        BERTH_CA_FILE: join(directory, 'ca.crt'),
        BERTH_TOKEN_FILE: join(directory, 'token'),
        BERTH_DATA_DIR: data,
        BERTH_API_PORT: '0',
        TERMINATION_LOG: words,
        LOG_LEVEL: 'debug',
        NODE_COMPILE_CACHE: join(tmpdir(), 'berth-compile-cache'), // As in the image; dozens of starts are quicker by it.
        WHATSAPP_WEB_SOCKET_URL: whatsApp.webSocketUrl,
        WHATSAPP_ROOT_PUBLIC_KEY: whatsApp.rootPublicKey,
        ...environment,
      });
      return aRun(child, words, client);
    },
  };
}

export type SessionPod = ReturnType<typeof aSessionPod>;

/** One life of the process. */
export interface SessionRun {
  readonly child: Child;
  /** A request as the operator makes it. */
  ask(path: string, options?: HttpsRequestOptions): Promise<HttpsAnswer>;
  /** The QR code, once there is one. */
  qr(): Promise<string>;
  /** Resolves when /readyz says so. */
  ready(): Promise<void>;
  send(to: string, text: string): Promise<HttpsAnswer>;
  lastWords(): LastWords | undefined;
}

function aRun(child: Child, words: string, client: Credentials): SessionRun {
  let port: Promise<number> | undefined;
  const ask: SessionRun['ask'] = async (path, options = {}) => {
    port ??= child
      .line((line) => line.includes('"msg":"Serving"'))
      .then((line) => (JSON.parse(line) as { readonly port: number }).port);
    return httpsRequest(await port, path, { client, ...options });
  };
  return {
    child,
    ask,
    async qr() {
      const answer = await eventually(
        () => ask('/v1/qr'),
        ({ status }) => status === 200,
      );
      return (answer.json as { readonly qr: string }).qr;
    },
    async ready() {
      await eventually(
        () => ask('/readyz'),
        ({ status }) => status === 200,
        15_000,
      );
    },
    send: (to, text) => ask('/v1/messages', { body: JSON.stringify({ to, text }) }),
    lastWords() {
      const text = existsSync(words) ? readFileSync(words, 'utf8') : '';
      return text === '' ? undefined : (JSON.parse(text) as LastWords);
    },
  };
}
