import { BerthError } from '@berth/protocol';
import { createLocalJWKSet, type JSONWebKeySet, type LocalJWKSet } from 'jose';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { path } from '../resource/names.ts';

/** Who signs the tokens of this cluster's service accounts, and with which keys. */
export interface Issuer {
  readonly name: string;
  readonly keys: LocalJWKSet;
}

/** The API server does not say with which keys it signs, so nothing is known of any token. */
export class IssuerUnknownError extends BerthError {
  readonly code = 'TOKEN_ISSUER_UNKNOWN';
  readonly retryable = true;
  constructor(what: string, options?: ErrorOptions) {
    super(
      `Cannot check a token: ${what}; bind the ClusterRole system:service-account-issuer-discovery to the group system:serviceaccounts, as Kubernetes itself does by default`,
      options,
    );
  }
}

/** Milliseconds between two reads: whoever makes up keys must not have the API server asked each time. */
const rereadMs = 10_000;
/** Milliseconds after which the keys are read again in any case: one that was taken away must not be believed for ever. */
const keepMs = 600_000;
/** More keys than any issuer has. */
const keysAtMost = 64;

/** Remembers the issuer as the API server told of it. */
export function createIssuerKeys({ client }: { readonly client: Pick<KubernetesClient, 'request' | 'nowMs'> }) {
  let known: { readonly issuer: Issuer; readonly readAtMs: number } | undefined;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<Issuer> | undefined;

  async function read(): Promise<Issuer> {
    triedAtMs = client.nowMs();
    const get = <T>(at: string) => client.request<T>({ method: 'GET', path: at, timeoutMs: 5_000 });
    let answers: [{ issuer?: unknown }, JSONWebKeySet];
    try {
      // Always from the API server itself: what the document names may be an address that only others can reach.
      answers = await Promise.all([get<{ issuer?: unknown }>(path.issuer), get<JSONWebKeySet>(path.issuerKeys)]);
    } catch (cause) {
      throw new IssuerUnknownError('the API server does not tell its keys', { cause });
    }
    const [{ issuer: name }, keys] = answers;
    if (typeof name !== 'string' || !Array.isArray(keys.keys) || keys.keys.length > keysAtMost)
      throw new IssuerUnknownError('what the API server tells of its keys is no issuer with keys');
    const issuer = { name, keys: createLocalJWKSet(keys) };
    known = { issuer, readAtMs: client.nowMs() };
    return issuer;
  }

  /** Everybody who waits gets the one read that is under way. */
  function readOnce(): Promise<Issuer> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  return {
    /** @throws {IssuerUnknownError} it was never read */
    async current(): Promise<Issuer> {
      const nowMs = client.nowMs();
      if (known !== undefined && nowMs - known.readAtMs < keepMs) return known.issuer;
      if (known !== undefined && nowMs - triedAtMs < rereadMs) return known.issuer;
      try {
        return await readOnce();
      } catch (error) {
        if (known === undefined) throw error;
        return known.issuer; // The keys of before are better than none: no session ends because the API server is down.
      }
    },
    /**
     * After a token that the known keys do not explain: the issuer anew, or undefined when it was read only just now.
     * @throws {IssuerUnknownError} it could not be read
     */
    async newer(): Promise<Issuer | undefined> {
      if (reading === undefined && client.nowMs() - triedAtMs < rereadMs) return undefined;
      return readOnce();
    },
  };
}
export type IssuerKeys = ReturnType<typeof createIssuerKeys>;
