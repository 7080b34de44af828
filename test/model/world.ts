import type { Bounds } from './bounds.ts';
import {
  type After,
  afters,
  type ClaimObject,
  type EndRecords,
  idOf,
  intern,
  type Kind,
  kinds,
  type LostNode,
  noEnds,
  type Objects,
  ofId,
  type PodObject,
  type SessionObject,
  sessionOf,
} from './objects.ts';

/** What a leader has decided and not yet done: a decision of its own table, and the place of its next action. */
export interface Hand {
  readonly decision: number;
  readonly next: number;
}

/** One state of the model. */
export interface World {
  /** The truth. */
  readonly api: Objects;
  /** What the watches have brought, of each object some state that was true once. */
  readonly watched: Objects;
  /** What the leader knows: what the watches have brought, or what its own writes have answered since. */
  readonly cached: Objects;
  /** The process of the pod that is there. `replaced`: it ended with that as its last words. */
  readonly process: Process;
  /** The pod was asked, over its own API, to stop. */
  readonly asked: boolean;
  /** Runs, as bits, whose process lives although their object is gone. */
  readonly ghosts: number;
  /** The same of runs on a lost node, which were presumed dead: promise 1 says nothing of them. */
  readonly presumed: number;
  readonly hand: Hand | undefined;
  /** What this leader remembers of refused records. */
  readonly refusal: Refusal | undefined;
  /** Where no record can be made. */
  readonly refuses: Refuses;
  /** Runs, as bits, that were let go without a record, after the deadline. */
  readonly givenUp: number;
  /** Ends in a row that speak against the session, since somebody last asked for something; no more are told apart. */
  readonly failures: number;
  /** What a leader without a lease may still do when it wakes. */
  readonly sleeper: Hand | undefined;
  /** Pods created so far: the uid of the newest. */
  readonly runs: number;
  /** Sessions created so far under the name: the uid of the newest. */
  readonly sessions: number;
  readonly commandsLeft: number;
  readonly faultsLeft: number;
  readonly draining: boolean;
  readonly namespaceGoing: boolean;
}
/** The run whose record is refused; `isOver`: its deadline is over, and the last refusal is young. */
export interface Refusal {
  readonly run: number;
  readonly isOver: boolean;
  /** As in the record that is refused. */
  readonly after: After;
  readonly confirmed: boolean;
}
const refusing = ['nowhere', 'in the namespace', 'everywhere'] as const;
export type Refuses = (typeof refusing)[number];
const processes = ['none', 'alive', 'ended', 'replaced'] as const;
export type Process = (typeof processes)[number];

/** A session that was just created, before anybody has looked at it. */
export function firstWorld({ commands, faults }: Bounds): World {
  const session = sessionOf({
    uid: 1,
    deleting: false,
    finalizer: false,
    desired: 'Running',
    restart: 0,
    isStopped: false,
  });
  const objects: Objects = { session, pod: undefined, ends: noEnds, claim: undefined, node: undefined };
  return {
    api: objects,
    watched: objects,
    cached: objects,
    process: 'none',
    asked: false,
    ghosts: 0,
    presumed: 0,
    hand: undefined,
    refusal: undefined,
    refuses: 'nowhere',
    givenUp: 0,
    failures: 0,
    sleeper: undefined,
    runs: 0,
    sessions: 1,
    commandsLeft: commands,
    faultsLeft: faults,
    draining: false,
    namespaceGoing: false,
  };
}

/** A world in a string: equal for equal worlds, 29 characters. */
export function encode(world: World): string {
  const { api, watched, cached, hand, sleeper, refusal } = world;
  return String.fromCharCode(
    idOf(api.session),
    idOf(api.pod),
    idOf(api.ends),
    idOf(api.claim),
    idOf(watched.session),
    idOf(watched.pod),
    idOf(watched.ends),
    idOf(watched.claim),
    idOf(cached.session),
    idOf(cached.pod),
    idOf(cached.ends),
    idOf(cached.claim),
    hand === undefined ? 0 : hand.decision + 1,
    hand === undefined ? 0 : hand.next,
    sleeper === undefined ? 0 : sleeper.decision + 1,
    sleeper === undefined ? 0 : sleeper.next,
    processes.indexOf(world.process),
    world.ghosts,
    world.runs,
    world.sessions,
    world.commandsLeft,
    world.faultsLeft,
    Number(world.asked) | (Number(world.draining) << 1) | (Number(world.namespaceGoing) << 2),
    idOf(api.node),
    idOf(watched.node),
    idOf(cached.node),
    world.presumed,
    world.givenUp | (world.failures << 8),
    refusing.indexOf(world.refuses) | (refusal === undefined ? 0 : codeOf(refusal) << 2),
  );
}

/** A refusal in 8 bits, never 0: runs begin at 1. */
const codeOf = ({ run, isOver, after, confirmed }: Refusal) =>
  Number(isOver) | (Number(confirmed) << 1) | (afters.indexOf(after) << 2) | (run << 5);

function refusalOf(code: number): Refusal | undefined {
  if (code === 0) return undefined;
  const after = afters[(code >> 2) & 7] ?? 'calm';
  return { run: code >> 5, isOver: (code & 1) !== 0, confirmed: (code & 2) !== 0, after };
}

/** The world of a string that `encode` made. */
export function decode(key: string): World {
  const at = (index: number) => key.charCodeAt(index);
  const objects = (from: number, nodeAt: number): Objects => ({
    session: ofId(at(from)) as SessionObject | undefined,
    pod: ofId(at(from + 1)) as PodObject | undefined,
    ends: (ofId(at(from + 2)) ?? noEnds) as EndRecords,
    claim: ofId(at(from + 3)) as ClaimObject | undefined,
    node: ofId(at(nodeAt)) as LostNode | undefined,
  });
  const handAt = (from: number): Hand | undefined =>
    at(from) === 0 ? undefined : { decision: at(from) - 1, next: at(from + 1) };
  const flags = at(22);
  const refusal = at(28);
  return {
    api: objects(0, 23),
    watched: objects(4, 24),
    cached: objects(8, 25),
    hand: handAt(12),
    sleeper: handAt(14),
    process: processes[at(16)] ?? 'none',
    ghosts: at(17),
    presumed: at(26),
    givenUp: at(27) & 0xff,
    failures: at(27) >> 8,
    refuses: refusing[refusal & 3] ?? 'nowhere',
    refusal: refusalOf(refusal >> 2),
    runs: at(18),
    sessions: at(19),
    commandsLeft: at(20),
    faultsLeft: at(21),
    asked: (flags & 1) !== 0,
    draining: (flags & 2) !== 0,
    namespaceGoing: (flags & 4) !== 0,
  };
}

/** Who changes an object: the leader learns at once of its own writes, of all else by a watch. */
export type Writer = 'leader' | 'others';

/** Changes an object. Where more watches would lag than the bounds allow, the change is seen at once. */
export function change<K extends Kind>(
  world: World,
  kind: K,
  value: Objects[K],
  writer: Writer,
  lagging: number,
): World {
  const changed: World = {
    ...world,
    api: { ...world.api, [kind]: value },
    ...(writer === 'leader' ? { cached: { ...world.cached, [kind]: value } } : {}),
  };
  const behind = kinds.filter((each) => changed.watched[each] !== changed.api[each]).length;
  return behind > lagging ? seen(changed, kind) : changed;
}

/** A watch brings all that is new of a kind. */
export function seen(world: World, kind: Kind): World {
  const newest = { [kind]: world.api[kind] };
  return { ...world, watched: { ...world.watched, ...newest }, cached: { ...world.cached, ...newest } };
}

/** Takes the pod's object away. Of a pod that has a node, a process may live on that nobody sees. */
export function withoutPod(world: World, writer: Writer, lagging: number): World {
  const { pod } = world.api;
  const lives =
    pod?.bound === true && (world.process === 'alive' || world.process === 'none') && pod.container !== 'refused';
  const gone = change(world, 'pod', undefined, writer, lagging);
  const left: World = { ...gone, process: 'none', asked: false };
  if (!lives) return left;
  // Who takes a pod of a lost node away, as the fence does, says that its process is dead.
  if (isCutOff(world)) return { ...left, presumed: left.presumed | (1 << pod.uid) };
  return { ...left, ghosts: left.ghosts | (1 << pod.uid) };
}

/** Whether the pod that is there has a node, and that cannot be reached. */
export const isCutOff = ({ api: { pod, node } }: World) => pod !== undefined && pod.bound && node?.of === pod.uid;

/** Whether the end of a run is recorded, or was given up as promise 5 demands. */
export const isClosed = ({ api, givenUp }: World, run: number) =>
  (givenUp & (1 << run)) !== 0 || api.ends.some((end) => end.run === run);

/** Brings a claim into its one form. */
export const claimOf = (uid: number, deleting: boolean) => intern({ uid, deleting });
