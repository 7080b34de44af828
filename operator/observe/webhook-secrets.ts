import type { KubernetesClient } from '../kubernetes/client.ts';
import { isForbidden, isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import type { ObservedSession } from '../plan/observed.ts';
import { path, sessionKey } from '../resource/names.ts';

/** How long a missing key is believed to be missing, in milliseconds. */
export const missingSecretLookMs = 5_000;
/** How long one may be waited for: what it is read for, a condition, is never worth more. */
const readTimeoutMs = 2_000;

interface Checked {
  readonly generation: number;
  readonly atMs: number;
  readonly missing: readonly string[];
  /** They could not be read; `missing` is from before. */
  readonly failed?: true;
}

/**
 * Says which webhook keys do not exist. Secrets are read one by one by name, once a generation of the session, and again
 * every few seconds as long as one is missing; listing or watching them would need rights that nobody should have.
 */
export function createWebhookSecrets({ client, log }: { readonly client: KubernetesClient; readonly log: Log }) {
  const checked = new Map<string, Checked>();

  async function exists(namespace: string, name: string, key: string, signal: AbortSignal): Promise<boolean> {
    try {
      const secret = await client.request<{ data?: Record<string, string> }>({
        method: 'GET',
        path: path.secret(namespace, name),
        signal,
        timeoutMs: readTimeoutMs,
      });
      return secret.data?.[key] !== undefined;
    } catch (error) {
      if (isNotFound(error) || isForbidden(error)) return false;
      throw error;
    }
  }

  return {
    async missing(session: ObservedSession, nowMs: number, signal: AbortSignal): Promise<readonly string[]> {
      const refs = (session.spec.webhooks ?? []).flatMap(({ secretRef }) => (secretRef ? [secretRef] : []));
      if (refs.length === 0) return [];
      const last = checked.get(session.uid);
      const current = last?.generation === session.generation;
      const recent = last !== undefined && nowMs - last.atMs < missingSecretLookMs;
      if (current && !last.failed && last.missing.length === 0) return last.missing;
      if (recent && (current || last.failed)) return last.missing;
      const { generation } = session;
      try {
        const missing: string[] = [];
        for (const { name, key } of refs)
          if (!(await exists(session.namespace, name, key, signal))) missing.push(`${name}/${key}`);
        checked.set(session.uid, { generation, atMs: nowMs, missing });
        return missing;
      } catch (error) {
        signal.throwIfAborted();
        // Secrets may be unreadable while all else works (the key service of their encryption is down): a kill, a deletion
        // and the record of an end must not wait for them.
        log.warn('Webhook keys not read; what was known stands', {
          session: sessionKey(session.namespace, session.name),
          error,
        });
        const missing = last?.missing ?? [];
        checked.set(session.uid, { generation, atMs: nowMs, missing, failed: true });
        return missing;
      }
    },
    /** The session is gone. */
    forget(sessionUid: string): void {
      checked.delete(sessionUid);
    },
  };
}
export type WebhookSecrets = ReturnType<typeof createWebhookSecrets>;
