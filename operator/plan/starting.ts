import type { EndReason } from '@berth/protocol';
import type { ObservedPod, ObservedSession } from './observed.ts';
import { startBlockedBy } from './start-blocked.ts';

/** Ends after which the next run is somebody's own wish. */
const askedFor: readonly EndReason[] = ['stopped', 'force_killed', 'restarted'];

/** Whether the next run is one that a person asked for: of a new session, or after a change of its spec. */
export function isStartAskedFor({ generation, status: { lastEnd, observedGeneration } }: ObservedSession): boolean {
  return lastEnd === undefined || askedFor.includes(lastEnd.reason) || generation !== observedGeneration;
}

/**
 * Whether a pod is on its way: created, and it has not told anything yet. One that is held up from outside (no node, no
 * image) burdens nobody; were it counted, a few of them would keep the whole fleet from starting.
 */
export function isStarting(pod: ObservedPod, session: ObservedSession | undefined): boolean {
  if (pod.deletionRequested || pod.container.state === 'terminated' || startBlockedBy(pod) !== undefined) return false;
  return session?.uid === pod.sessionUid && session?.status.report?.runUid !== pod.uid;
}
