import { type Plan, step } from './action.ts';
import type { Observed } from './observed.ts';

/**
 * A session with a run, or with a claim to remove, must carry the finalizer that orders the end: somebody, or an
 * uninstall, took it off. None can be put back on what is being deleted.
 */
export function repair({ session, pod, claim }: Observed): Plan | undefined {
  const holds = pod !== undefined || (claim !== undefined && !claim.deletionRequested);
  if (session === undefined || session.hasFinalizer || session.deletionRequested || !holds) return undefined;
  return step('RestoringFinalizer', { type: 'AddSessionFinalizer' });
}
