import type { KubernetesClient } from '../kubernetes/client.ts';
import { isForbidden, isNotFound } from '../kubernetes/errors.ts';
import type { ObservedSession } from '../plan/observed.ts';
import { path } from '../resource/names.ts';

/** How long a missing key is believed to be missing, in milliseconds. */
export const missingSecretLookMs = 5_000;

interface Checked {
  readonly generation: number;
  readonly atMs: number;
  readonly missing: readonly string[];
}

/**
 * Says which webhook keys do not exist. Secrets are read one by one by name, once a generation of the session, and again
 * every few seconds as long as one is missing; listing or watching them would need rights that nobody should have.
 */
export function createWebhookSecrets({ client }: { readonly client: KubernetesClient }) {
  const checked = new Map<string, Checked>();

  async function exists(namespace: string, name: string, key: string, signal: AbortSignal): Promise<boolean> {
    try {
      const secret = await client.request<{ data?: Record<string, string> }>({
        method: 'GET',
        path: path.secret(namespace, name),
        signal,
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
      if (current && (last.missing.length === 0 || nowMs - last.atMs < missingSecretLookMs)) return last.missing;
      const missing: string[] = [];
      for (const { name, key } of refs)
        if (!(await exists(session.namespace, name, key, signal))) missing.push(`${name}/${key}`);
      checked.set(session.uid, { generation: session.generation, atMs: nowMs, missing });
      return missing;
    },
    /** The session is gone. */
    forget(sessionUid: string): void {
      checked.delete(sessionUid);
    },
  };
}
export type WebhookSecrets = ReturnType<typeof createWebhookSecrets>;
