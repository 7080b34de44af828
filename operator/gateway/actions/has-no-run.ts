import type { ObservedSession } from '../../plan/observed.ts';

/** Whether the operator has taken the newest spec in, and no run is left; also of a session that is gone. */
export const hasNoRun = (now: ObservedSession | undefined) =>
  now === undefined || (now.status.observedGeneration === now.generation && now.status.run === undefined);
