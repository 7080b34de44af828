import { type KubernetesClient, mergePatch } from '../kubernetes/client.ts';
import type { Observed, ObservedSession } from '../plan/observed.ts';
import { sessionStatus } from '../plan/session-status.ts';
import { path } from '../resource/names.ts';
import type { WhatsAppSessionStatus } from '../resource/whatsapp-session.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import { mergePatchBetween } from './merge-patch.ts';

export interface StatusDependencies {
  readonly client: KubernetesClient;
  readonly sessions: SlimCache<ObservedSession>;
}

/**
 * Writes a session's status, and nothing when it already says so. The resourceVersion is a precondition: a leader that
 * lost its lease without noticing, or one whose view is old, is refused with a conflict.
 */
export function createStatusWriter({ client, sessions }: StatusDependencies) {
  async function write(session: ObservedSession, next: WhatsAppSessionStatus, signal: AbortSignal): Promise<boolean> {
    const status = mergePatchBetween(session.status, next);
    if (status === undefined) return false;
    const answer = await client.request({
      method: 'PATCH',
      path: path.sessionStatus(session.namespace, session.name),
      contentType: mergePatch,
      body: { metadata: { uid: session.uid, resourceVersion: session.resourceVersion }, status },
      signal,
    });
    sessions.absorb(answer);
    return true;
  }

  return {
    write,
    /** Brings the status in line with what is observed; a failure of the last plan is told in the condition Ready. */
    async publish(observed: Observed, signal: AbortSignal, failure?: string): Promise<boolean> {
      const { session, pod } = observed;
      // Of a session that is going and has no pod any more nobody reads the status: its removal is the next write.
      if (session === undefined || (session.deletionRequested && pod === undefined)) return false;
      const next = sessionStatus(observed, session, failure);
      // The node is no news by itself: it comes with the next write that is.
      const { node: _, ...run } = next.run ?? {};
      const { node: __, ...knownRun } = session.status.run ?? {};
      const rest = mergePatchBetween({ ...session.status, run: knownRun }, { ...next, run });
      return rest === undefined ? false : write(session, next, signal);
    },
  };
}
export type StatusWriter = ReturnType<typeof createStatusWriter>;
