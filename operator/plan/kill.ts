import { type Plan, step } from './action.ts';
import { isConfirmedDead } from './confirmed-dead.ts';
import { mayBeDeleted } from './hold-pod.ts';
import type { Observed } from './observed.ts';

/** A force-kill outranks everything that is under way for a run, also the middle of a graceful stop. */
export function kill({ session, pod }: Observed): Plan | undefined {
  if (session?.spec.desiredState !== 'Killed' || pod === undefined || isConfirmedDead(pod)) return undefined;
  const ending = session.status.run?.uid === pod.uid ? session.status.run.ending : undefined;
  if (ending !== undefined && ending.deadline === undefined) return undefined; // Already without grace.
  return step(
    'ForceKilling',
    { type: 'MarkEnding', runUid: pod.uid, reason: 'force_killed' },
    ...(mayBeDeleted(pod) ? [{ type: 'DeletePod', uid: pod.uid } as const] : []),
  );
}
