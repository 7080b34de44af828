import { type Plan, step } from './action.ts';
import type { Observed } from './observed.ts';

/**
 * A living run must carry the finalizer that makes its end provable, and its session, or one that has a claim to remove,
 * the one that orders the end: somebody, or an uninstall, took it off. None can be put back on what is being deleted.
 */
export function repair({ session, pod, claim }: Observed): Plan | undefined {
  if (pod !== undefined && !pod.hasFinalizer && !pod.deletionRequested)
    return step('RestoringFinalizer', { type: 'AddPodFinalizer', uid: pod.uid });
  const holds = pod !== undefined || (claim !== undefined && !claim.deletionRequested);
  if (session === undefined || session.hasFinalizer || session.deletionRequested || !holds) return undefined;
  return step('RestoringFinalizer', { type: 'AddSessionFinalizer' });
}
