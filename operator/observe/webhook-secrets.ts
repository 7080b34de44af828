import type { KubernetesClient } from '../kubernetes/client.ts';
import { isForbidden, isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import type { ObservedSession } from '../plan/observed.ts';
import { path, type SessionKey, sessionKey } from '../resource/names.ts';

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
 * @param onChange called when a look found something else than what was known
 */
export function createWebhookSecrets(dependencies: {
  readonly client: KubernetesClient;
  readonly onChange: (key: SessionKey) => void;
  readonly log: Log;
}) {
  const { client, onChange, log } = dependencies;
  const checked = new Map<string, Checked>();
  /** Sessions whose keys are being looked at, and by which look. */
  const looking = new Map<string, Promise<void>>();

  async function exists(namespace: string, name: string, key: string): Promise<boolean> {
    try {
      const secret = await client.request<{ data?: Record<string, string> }>({
        method: 'GET',
        path: path.secret(namespace, name),
        timeoutMs: readTimeoutMs,
      });
      return secret.data?.[key] !== undefined;
    } catch (error) {
      if (isNotFound(error) || isForbidden(error)) return false;
      throw error;
    }
  }

  const refsOf = ({ spec }: ObservedSession) =>
    (spec.webhooks ?? []).flatMap(({ secretRef }) => (secretRef ? [secretRef] : []));

  async function look(session: ObservedSession, atMs: number): Promise<Checked> {
    const { namespace, name, uid, generation } = session;
    try {
      const missing: string[] = [];
      for (const ref of refsOf(session))
        if (!(await exists(namespace, ref.name, ref.key))) missing.push(`${ref.name}/${ref.key}`);
      return { generation, atMs, missing };
    } catch (error) {
      // Secrets may be unreadable while all else works: the key service of their encryption is down.
      log.warn('Webhook keys not read; what was known stands', { session: sessionKey(namespace, name), error });
      return { generation, atMs, missing: checked.get(uid)?.missing ?? [], failed: true };
    }
  }

  function startLook(session: ObservedSession, nowMs: number): void {
    const { uid } = session;
    const under = take(session, nowMs, () => looking.get(uid) === under);
    looking.set(uid, under);
  }

  async function take(session: ObservedSession, nowMs: number, isWanted: () => boolean): Promise<void> {
    const { namespace, name, uid } = session;
    const found = await look(session, nowMs);
    if (!isWanted()) return; // The session went meanwhile.
    looking.delete(uid);
    const known = checked.get(uid)?.missing ?? [];
    checked.set(uid, found);
    if (known.join() !== found.missing.join()) onChange(sessionKey(namespace, name));
  }

  return {
    /**
     * What is known now, at once: nothing that is done for a session waits for its Secrets. A look is begun where one is
     * due, and `onChange` tells of what it found.
     */
    missing(session: ObservedSession, nowMs: number): readonly string[] {
      if (refsOf(session).length === 0) return [];
      const last = checked.get(session.uid);
      const current = last?.generation === session.generation;
      const recent = last !== undefined && nowMs - last.atMs < missingSecretLookMs;
      const settled = current && !last.failed && last.missing.length === 0;
      if (!settled && !(recent && (current || last.failed)) && !looking.has(session.uid)) startLook(session, nowMs);
      return last?.missing ?? [];
    },
    /** The session is gone. */
    forget(sessionUid: string): void {
      checked.delete(sessionUid);
      looking.delete(sessionUid);
    },
  };
}
export type WebhookSecrets = ReturnType<typeof createWebhookSecrets>;
