import { claimName } from '../resource/names.ts';
import type { ObservedSession } from './observed.ts';

/** Who names a claim: a session, or the pod that is left of one. */
export interface Claimant {
  readonly name: string;
  /** Of the session. */
  readonly uid: string;
  readonly createdAtMs: number;
  /** Its pod is there, or the end of its run is not recorded yet. */
  readonly hasRun: boolean;
}

type Named = Pick<ObservedSession, 'name' | 'spec'>;

/** Whether the claim is Berth's to make, and to remove with the session. */
export const ownsClaim = ({ spec }: Named) => spec.storage?.existingClaim === undefined;

/** Name of the claim that the session's pod mounts. */
export const claimOf = ({ name, spec }: Named) => spec.storage?.existingClaim ?? claimName(name);

/**
 * Which one of those that name a claim has it: the oldest session. A run outranks age, because creation times are whole
 * seconds, each by the clock of one API server: a session that was made later can seem to be the older, and must not
 * start beside a run that is under way.
 */
export function holderOf(claimants: Iterable<Claimant>): Claimant | undefined {
  let holder: Claimant | undefined;
  for (const claimant of claimants) if (holder === undefined || comesBefore(claimant, holder)) holder = claimant;
  return holder;
}

function comesBefore(a: Claimant, b: Claimant): boolean {
  if (a.hasRun !== b.hasRun) return a.hasRun;
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs < b.createdAtMs;
  return a.uid < b.uid;
}
