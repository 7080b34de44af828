import type { World } from './world.ts';

/** One way on from a state. */
export interface Step {
  /** What happens, in a sentence. */
  readonly label: string;
  /**
   * Whether one may count on it once nothing goes wrong any more. `likely`: not where an engine hangs or a sink is down,
   * so that no stop may wait for it. `none`: users, faults, crashes.
   */
  readonly hope: 'sure' | 'likely' | 'none';
  readonly world: World;
  /** A promise that is broken by it. */
  readonly broken?: string | undefined;
}
