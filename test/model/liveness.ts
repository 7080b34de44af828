import type { Bounds } from './bounds.ts';
import type { Graph, Violation } from './explore.ts';
import { isHeld } from './objects.ts';
import { isClosed, isCutOff, type World } from './world.ts';

/** What must come to pass once nothing goes wrong any more. */
interface Aim {
  readonly name: string;
  /** The states that it is promised for. */
  readonly promisedIn: (world: World, bounds: Bounds) => boolean;
  readonly isReached: (world: World) => boolean;
  /** Whether engines and sinks may be counted on. */
  readonly countsOn: 'sure' | 'likely';
}

const stays = ({ api: { session }, draining, namespaceGoing }: World) =>
  session !== undefined && !session.deleting && !draining && !namespaceGoing;

const aims: readonly Aim[] = [
  {
    name: 'a session that shall be stopped has no pod, no open run and the phase Stopped',
    promisedIn: (world) => stays(world) && world.api.session?.desired !== 'Running',
    isReached: ({ api: { session, pod }, ghosts }) =>
      pod === undefined && ghosts === 0 && session?.run === undefined && session?.isStopped === true,
    countsOn: 'sure',
  },
  {
    name: 'a session that is deleted is gone, its pod before it',
    promisedIn: ({ api: { session, pod } }) =>
      session?.deleting === true || (session === undefined && pod !== undefined),
    isReached: ({ api: { session, pod } }) => session === undefined && pod === undefined,
    countsOn: 'sure',
  },
  {
    name: 'a deleted session leaves no claim',
    // A leader that sleeps between its look and the claim's creation leaves one that nobody knows to be left.
    promisedIn: ({ api: { session, claim } }, { twoLeaders }) =>
      !twoLeaders && session?.deleting === true && session.finalizer && claim !== undefined,
    isReached: ({ api: { claim } }) => claim === undefined,
    countsOn: 'sure',
  },
  {
    name: 'a session that shall run, and is not held, has a pod of its own that is ready',
    promisedIn: (world) => stays(world) && world.api.session?.desired === 'Running' && !isHeld(world.api.session),
    isReached: (world) => {
      const { session, pod } = world.api;
      const isTold = session?.report === pod?.uid && session?.unpaired !== true;
      const runs = pod?.container === 'running' && pod.session === session?.uid && isTold && !isCutOff(world);
      return runs || isHeld(session);
    },
    countsOn: 'likely',
  },
  {
    name: 'a restart that is asked for makes a new run',
    promisedIn: (world) =>
      stays(world) && world.api.session?.desired === 'Running' && isBehind(world.api.session, world.api.pod),
    isReached: (world) => {
      const { session, pod } = world.api;
      // A run that is replaced before the restart is taken up swallows it: the session is held.
      return (pod !== undefined && !isBehind(session, pod)) || isHeld(session);
    },
    countsOn: 'sure',
  },
  {
    name: 'a drain ends the run and lets the session go',
    promisedIn: ({ draining, api: { session } }) => draining && session?.deleting === false,
    isReached: ({ api: { session, pod } }) => pod === undefined && session?.run === undefined && !session?.finalizer,
    countsOn: 'sure',
  },
  {
    name: 'a living pod gets its finalizer back',
    promisedIn: ({ api: { pod } }) => pod?.finalizer === false && pod.deletion === 'none',
    isReached: ({ api: { pod } }) => pod === undefined || pod.finalizer,
    countsOn: 'sure',
  },
  {
    name: 'a session with a run gets its finalizer back',
    promisedIn: (world) =>
      stays(world) && world.api.session?.finalizer === false && world.api.session.desired === 'Running',
    isReached: ({ api: { session } }) => session?.finalizer === true || isHeld(session),
    countsOn: 'likely',
  },
  {
    name: 'a run that the status knows gets its session_end',
    promisedIn: (world) => {
      const run = world.api.session?.run;
      return run !== undefined && run.ending !== undefined && !isClosed(world, run.uid);
    },
    isReached: (world) => {
      const run = world.api.session?.run;
      return run === undefined || isClosed(world, run.uid);
    },
    countsOn: 'sure',
  },
  {
    name: 'a QR code that nobody scans does not wait for ever',
    promisedIn: (world) => stays(world) && waitsToBePaired(world),
    isReached: (world) => !waitsToBePaired(world),
    countsOn: 'sure',
  },
  {
    name: 'a run that is wedged, or on a lost node, comes to an end',
    promisedIn: (world) => stays(world) && isLeftAlone(world),
    isReached: (world) => !isLeftAlone(world),
    countsOn: 'sure',
  },
];

const waitsToBePaired = ({ api: { session, pod } }: World) =>
  session?.unpaired === true && pod !== undefined && session.report === pod.uid;

const isLeftAlone = (world: World) => world.api.pod?.container === 'wedged' || isCutOff(world);

function isBehind(session: World['api']['session'], pod: World['api']['pod']): boolean {
  return session !== undefined && pod?.session === session.uid && session.restart > pod.restart;
}

/** Finds, for each aim, a state from which it can no longer be reached, by the shortest way to such a state. */
export function unreachable(graph: Graph, bounds: Bounds): Violation[] {
  const backwards = { sure: reversed(graph, 'sure'), likely: reversed(graph, 'likely') };
  const reaching = aims.map(() => new Uint8Array(graph.states));
  const promised = aims.map(() => new Uint8Array(graph.states));
  for (let state = 0; state < graph.states; state++) {
    const world = graph.world(state);
    aims.forEach((aim, index) => {
      // Where the bounds end, the operator would go on and the model cannot.
      if (aim.isReached(world) || graph.isAtBound(state)) mark(reaching[index], state);
      else if (aim.promisedIn(world, bounds)) mark(promised[index], state);
    });
  }
  return aims.flatMap(({ name, countsOn }, index): Violation[] => {
    const reached = reaching[index] ?? new Uint8Array();
    spread(reached, backwards[countsOn]);
    const lost = promised[index]?.findIndex((isPromised, state) => isPromised === 1 && reached[state] === 0) ?? -1;
    return lost < 0 ? [] : [{ promise: `cannot be reached any more: ${name}`, trace: graph.traceTo(lost) }];
  });
}

const mark = (list: Uint8Array | undefined, state: number) => list?.fill(1, state, state + 1);

/** For each state, where the ways into it come from: those of state `s` are `from[start[s]]` to `from[start[s + 1] - 1]`. */
interface Backwards {
  readonly start: Int32Array;
  readonly from: Int32Array;
}

function reversed(graph: Graph, countsOn: 'sure' | 'likely'): Backwards {
  const start = new Int32Array(graph.states + 1);
  const counts = (hope: 'sure' | 'likely') => countsOn === 'likely' || hope === 'sure';
  graph.eachHope((_from, to, hope) => {
    if (counts(hope)) start[to + 1] = (start[to + 1] ?? 0) + 1;
  });
  for (let state = 0; state < graph.states; state++) start[state + 1] = (start[state + 1] ?? 0) + (start[state] ?? 0);
  const from = new Int32Array(start[graph.states] ?? 0);
  const filled = start.slice();
  graph.eachHope((source, to, hope) => {
    if (!counts(hope)) return;
    const at = filled[to] ?? 0;
    from[at] = source;
    filled[to] = at + 1;
  });
  return { start, from };
}

/** Marks every state from which a marked one can be reached. */
function spread(reached: Uint8Array, { start, from }: Backwards): void {
  const open: number[] = [];
  reached.forEach((isReached, state) => {
    if (isReached === 1) open.push(state);
  });
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (let at = start[state] ?? 0; at < (start[state + 1] ?? 0); at++) {
      const source = from[at] ?? 0;
      if (reached[source] === 1) continue;
      reached[source] = 1;
      open.push(source);
    }
  }
}
