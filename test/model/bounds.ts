/** What worlds differ in, since all of it together makes too many states. */
export type Part =
  /** Nodes that cannot be reached, are deleted, are declared out of service, and come back. */
  | 'lost nodes'
  /** Processes that wedge, and QR codes that nobody scans: the time that they may take is over at any look. */
  | 'stuck runs'
  /** Namespaces that refuse records of ends. */
  | 'refused records'
  /** Nothing goes wrong but this. */
  | 'nothing else';

/** How large the explored world is. Within them, every interleaving is tried. */
export interface Bounds {
  /** Things that users ask for: a desired state, a restart, a deletion, a session anew, an uninstall. */
  readonly commands: number;
  /** Things that go wrong outside of Berth: a crash, a pod deleted by others, a finalizer taken off, a node lost. */
  readonly faults: number;
  /** Pods that are ever created. */
  readonly runs: number;
  /** Kinds of objects whose watch lags at the same time; a lag has no other bound. */
  readonly lagging: number;
  /** Whether a leader that lost its lease may wake later and go on with what it had in hand. */
  readonly twoLeaders: boolean;
  readonly parts: readonly Part[];
  /** States after which the exploration is broken off, as a failure: memory is finite. */
  readonly states: number;
}

/**
 * Bounds that environment variables override, for a soak: MODEL_COMMANDS, MODEL_FAULTS, MODEL_RUNS, MODEL_LAGGING,
 * MODEL_TWO_LEADERS (0 or 1), MODEL_STATES.
 * @throws {RangeError} a variable is not a whole number
 */
export function boundsFrom(environment: Readonly<Record<string, string | undefined>>, defaults: Bounds): Bounds {
  const read = (name: string, fallback: number) => {
    const text = environment[`MODEL_${name}`];
    if (text === undefined || text === '') return fallback;
    if (!/^\d+$/.test(text)) throw new RangeError(`Cannot set the model's bounds: MODEL_${name} is "${text}"`);
    return Number(text);
  };
  return {
    commands: read('COMMANDS', defaults.commands),
    faults: read('FAULTS', defaults.faults),
    runs: read('RUNS', defaults.runs),
    lagging: read('LAGGING', defaults.lagging),
    parts: defaults.parts,
    twoLeaders: read('TWO_LEADERS', defaults.twoLeaders ? 1 : 0) > 0,
    states: read('STATES', defaults.states),
  };
}
