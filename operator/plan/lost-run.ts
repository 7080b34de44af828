import { type Plan, step } from './action.ts';
import { recordLostEnd } from './end-record.ts';
import type { Observed } from './observed.ts';

/** A run that the status knows and that has neither pod nor SessionEnd: somebody took the finalizer off. */
export function lostRun(observed: Observed): Plan | undefined {
  const { session, pod, sessionEnd } = observed;
  if (session === undefined || pod !== undefined || sessionEnd !== undefined) return undefined;
  const record = recordLostEnd(session, observed);
  return record && step('RecordingLostRun', record);
}
