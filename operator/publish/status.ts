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
  async function send(session: ObservedSession, status: Record<string, unknown>, signal: AbortSignal): Promise<void> {
    const answer = await client.request({
      method: 'PATCH',
      path: path.sessionStatus(session.namespace, session.name),
      contentType: mergePatch,
      body: { metadata: { uid: session.uid, resourceVersion: session.resourceVersion }, status },
      signal,
    });
    sessions.absorb(answer);
  }

  return {
    /** Makes the status what `next` says. */
    async write(session: ObservedSession, next: WhatsAppSessionStatus, signal: AbortSignal): Promise<void> {
      const patch = mergePatchBetween(session.status, next);
      if (patch !== undefined) await send(session, patch, signal);
    },

    /** Brings the status in line with what is observed; a failure of the last plan is told in the condition Ready. */
    async publish(observed: Observed, signal: AbortSignal, failure?: string): Promise<void> {
      const { session, pod } = observed;
      // Of a session that is going and has no pod any more nobody reads the status: its removal is the next write.
      if (session === undefined || (session.deletionRequested && pod === undefined)) return;
      const patch = mergePatchBetween(session.status, sessionStatus(observed, session, failure));
      if (patch !== undefined && !isNodeAlone(patch)) await send(session, patch, signal);
    },
  };
}
export type StatusWriter = ReturnType<typeof createStatusWriter>;

/** The node, and its start, are no news by themselves: they come with the next write that is. */
function isNodeAlone(patch: Record<string, unknown>): boolean {
  const { run, ...others } = patch;
  return Object.keys(others).length === 0 && Object.keys(run ?? {}).every((key) => key === 'node' || key === 'bootId');
}
