import { isIPv6 } from 'node:net';
import { operatorClientName, podApiPaths, podApiPort, type StopRequest } from '@berth/protocol';
import { Client } from 'undici';
import type { CertificateAuthority } from './certificate-authority.ts';
import { PodIdentityError, PodRefusedError, PodUnreachableError } from './errors.ts';
import { pinnedConnector } from './pinned-connector.ts';
import { renewingKeyPair } from './renewing-key-pair.ts';

/** Where a pod is and how to know it: its address, and the certificate that it named in its first report. */
export interface PodTarget {
  readonly podIp: string;
  /** Lower-case hex SHA-256 of the DER certificate. */
  readonly certificateSha256: string;
  readonly signal?: AbortSignal;
}

/** Calls to the own API of session pods, each over a connection of its own. */
export interface SessionPodClient {
  /**
   * Asks the process to end by itself within `withinMs` milliseconds; it goes on for so long after this has resolved.
   * With `logout` it asks WhatsApp first to unlink the device, inside the same time.
   * @throws {PodUnreachableError | PodIdentityError | PodRefusedError}
   */
  askToStop(target: PodTarget & StopRequest): Promise<void>;
  /**
   * The text of the QR code to scan; undefined while nobody needs to scan one.
   * @throws {PodUnreachableError | PodIdentityError | PodRefusedError}
   */
  fetchQr(target: PodTarget): Promise<string | undefined>;
  /**
   * Sends a text message.
   * @param target `to` is a phone number or a JID
   * @returns WhatsApp's id of the message
   * @throws {PodUnreachableError | PodIdentityError | PodRefusedError} 409 in the last: the session is not ready
   */
  sendText(target: PodTarget & { readonly to: string; readonly text: string }): Promise<{ readonly id: string }>;
}

export interface SessionPodClientOptions {
  readonly authority: Pick<CertificateAuthority, 'issueClient'>;
  readonly port?: number;
  readonly connectTimeoutMs?: number;
  /** Of a whole call, in milliseconds. */
  readonly timeoutMs?: number;
  /** The same for a message. Longer than the pod's own patience with its engine, whose answer says what is known. */
  readonly sendTimeoutMs?: number;
  readonly nowMs?: () => number;
}

/** Bytes of an answer that are read; a QR code's text has some hundred. */
const answerLimit = 65_536;

interface Call extends PodTarget {
  /** For errors: "ask the pod to stop". */
  readonly action: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly withinMs?: number;
}

/** Creates the client. Its own certificate is issued with the first call and renewed in time. */
export function createSessionPodClient(options: SessionPodClientOptions): SessionPodClient {
  const { authority, port = podApiPort, connectTimeoutMs = 2_000, nowMs = Date.now } = options;
  const { timeoutMs = 5_000, sendTimeoutMs = 25_000 } = options;
  const keyPair = renewingKeyPair(() => authority.issueClient(operatorClientName), nowMs);

  async function call({ podIp, certificateSha256, signal, action, method, path, body, withinMs = timeoutMs }: Call) {
    const client = await keyPair();
    const connection = new Client(`https://${isIPv6(podIp) ? `[${podIp}]` : podIp}:${port}`, {
      connect: pinnedConnector({ certificateSha256, client, connectTimeoutMs }),
      pipelining: 1,
      maxResponseSize: answerLimit,
    });
    const deadline = AbortSignal.timeout(withinMs);
    try {
      const answer = await connection.request({
        method,
        path,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof PodIdentityError) throw cause;
      throw new PodUnreachableError(action, podIp, { cause });
    } finally {
      await connection.destroy();
    }
  }

  return {
    async askToStop({ withinMs, logout, ...target }) {
      const action = 'ask the pod to stop';
      const body: StopRequest = { withinMs, ...(logout === undefined ? {} : { logout }) };
      const answer = await call({ ...target, action, method: 'POST', path: podApiPaths.stop, body });
      if (answer.status !== 202) throw refused(action, target, answer);
    },

    async fetchQr(target) {
      const action = 'fetch the QR code';
      const answer = await call({ ...target, action, method: 'GET', path: podApiPaths.qr });
      if (answer.status === 404) return undefined;
      const qr = answer.status === 200 ? fieldOf(answer.text, 'qr') : undefined;
      if (qr === undefined) throw refused(action, target, answer);
      return qr;
    },

    async sendText({ to, text, ...target }) {
      const action = 'send a message';
      const message = { method: 'POST', path: podApiPaths.messages, body: { to, text } } as const;
      const answer = await call({ ...target, action, ...message, withinMs: sendTimeoutMs });
      const id = answer.status === 200 ? fieldOf(answer.text, 'id') : undefined;
      if (id === undefined) throw refused(action, target, answer);
      return { id };
    },
  };
}

function refused(action: string, { podIp }: PodTarget, { status, text }: { status: number; text: string }) {
  return new PodRefusedError(action, podIp, status, fieldOf(text, 'detail')?.slice(0, 300) ?? 'no reason given');
}

/** A text in a JSON answer; undefined when the answer is something else. */
function fieldOf(json: string, field: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json)?.[field];
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined; // The caller says what it is then.
  }
}
