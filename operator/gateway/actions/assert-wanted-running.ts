import type { ObservedSession } from '../../plan/observed.ts';
import { ProblemError } from '../problem-error.ts';

/** @throws {ProblemError} CONFLICT: the session is to be down, and this action is not the one to change that */
export function assertWantedRunning({ namespace, name, spec }: ObservedSession, action: string): void {
  const { desiredState = 'Running' } = spec;
  if (desiredState === 'Running') return;
  const detail = `Cannot ${action} "${namespace}/${name}": its desiredState is ${desiredState}; start it first`;
  throw new ProblemError('CONFLICT', detail);
}
