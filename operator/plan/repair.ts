import { type Plan, step } from './action.ts';
import type { Observed } from './observed.ts';

/** A living run must carry the finalizer that makes its end provable; it cannot be put back once the pod is being deleted. */
export function repair({ pod }: Observed): Plan | undefined {
  if (pod === undefined || pod.hasFinalizer || pod.deletionRequested) return undefined;
  return step('RestoringFinalizer', { type: 'AddPodFinalizer', uid: pod.uid });
}
