import type { DesiredState } from '@berth/operator/resource/whatsapp-session.ts';
import type { EndReason } from '@berth/protocol';

/**
 * The objects of the model's API server, with only what `plan()` can tell apart. They are interned: equal content is the
 * same object, so that identity stands for the resourceVersion and an id for the whole object.
 * Content that comes back to what it was counts as the same version: whoever saw it then sees what is so now.
 */
export interface SessionObject {
  readonly uid: number;
  readonly deleting: boolean;
  readonly finalizer: boolean;
  readonly desired: DesiredState;
  /** Grows with each restart that is asked for; 0: never. */
  readonly restart: number;
  readonly run?: { readonly uid: number; readonly number: number; readonly ending?: Ending | undefined } | undefined;
  /** Uid of the run that last reported. */
  readonly report?: number | undefined;
  /** It reported that a QR code waits; else, that it is ready. */
  readonly unpaired?: true | undefined;
  readonly lastEnd?: LastEnd | undefined;
  readonly recovery?: Recovery | undefined;
  /** The phase is Stopped; what else it may be makes no difference. */
  readonly isStopped: boolean;
}
/** `used`: one restart of the budget, which is all there are. `backoff`: that, and a nextRestartAt, past or not. */
export type Recovery = 'calm' | 'used' | 'backoff' | Held;
/** What holds a session until somebody asks for a run. */
export type Held = 'replaced' | 'exhausted' | 'unpaired';
/** Restarts in a row that every session of the model may have. */
export const maxRestarts = 1;

export interface Ending {
  readonly reason: EndReason;
  readonly graceful: boolean;
}
export interface LastEnd {
  readonly run: number;
  readonly number: number;
  readonly confirmed: boolean;
  /** This end, or one not long before it, was not confirmed: its process may take the connection from later ones. */
  readonly haunted: boolean;
  /** What `restart` was, as the status keeps it; 0: absent. */
  readonly restart: number;
}

export interface PodObject {
  readonly uid: number;
  /** Uid of its session. */
  readonly session: number;
  readonly number: number;
  readonly restart: number;
  readonly finalizer: boolean;
  readonly bound: boolean;
  /** A deletion with a grace, or without one. */
  readonly deletion: 'none' | 'graceful' | 'at once';
  /**
   * As the kubelet reports it. `wedged`: running, and its probe fails. `replaced`: terminated, and the last words say so.
   * `refused`: at admission. `given up`: nothing, but the pod garbage collector calls the pod failed, without proof.
   */
  readonly container: 'none' | 'running' | 'wedged' | 'terminated' | 'replaced' | 'refused' | 'given up';
}

export interface EndRecord {
  readonly run: number;
  readonly after: After;
  readonly confirmed: boolean;
  /** Every sink has it. */
  readonly settled: boolean;
}
/**
 * How the session goes on. `crashed`: after a backoff, as the budget allows. `blameless`: at once, and it costs nothing.
 * `replaced`, `unpaired`: no run may follow by itself.
 */
export const afters = ['calm', 'blameless', 'crashed', 'replaced', 'unpaired'] as const;
export type After = (typeof afters)[number];
/** The outbox, in the order of the runs. */
export type EndRecords = readonly EndRecord[];

export interface ClaimObject {
  readonly uid: number;
  readonly deleting: boolean;
}

/** The node of a run, while it cannot be reached. One at a time; every other one is ready. */
export interface LostNode {
  /** Uid of the run. */
  readonly of: number;
  readonly state: 'not ready' | 'deleted' | 'out of service';
}

/** One of each kind, as the API server holds it or as somebody sees it. */
export interface Objects {
  readonly session: SessionObject | undefined;
  readonly pod: PodObject | undefined;
  readonly ends: EndRecords;
  readonly claim: ClaimObject | undefined;
  readonly node: LostNode | undefined;
}
export type Kind = keyof Objects;
export const kinds: readonly Kind[] = ['session', 'pod', 'ends', 'claim', 'node'];

const interned = new Map<string, object>();
const byId: object[] = [];
const ids = new Map<object, number>();

/** The one object of this content. `undefined` parts and parts that are left out are the same. */
export function intern<T extends object>(value: T): T {
  const known = interned.get(JSON.stringify(value));
  if (known !== undefined) return known as T;
  interned.set(JSON.stringify(value), value);
  if (byId.length >= 0xffff) throw new RangeError('Cannot tell more than 65535 objects apart: choose smaller bounds');
  ids.set(value, byId.push(value));
  return value;
}

/** A number for an interned object, 0 for none. */
export const idOf = (value: object | undefined): number => (value === undefined ? 0 : (ids.get(value) ?? 0));
export const ofId = (id: number): object | undefined => byId[id - 1];

/** A session with its parts in one order, as interning needs it. */
export function sessionOf(parts: SessionObject): SessionObject {
  const { uid, deleting, finalizer, desired, restart, run, report, unpaired, lastEnd, recovery, isStopped } = parts;
  return intern({ uid, deleting, finalizer, desired, restart, run, report, unpaired, lastEnd, recovery, isStopped });
}

/** A pod with its parts in one order. */
export function podOf(parts: PodObject): PodObject {
  const { uid, session, number, restart, finalizer, bound, deletion, container } = parts;
  return intern({ uid, session, number, restart, finalizer, bound, deletion, container });
}

/** Whether no run may start until somebody asks for one. */
export function isHeld(session: SessionObject | undefined): boolean {
  const { recovery, restart = 0, lastEnd } = session ?? {};
  const holds = recovery === 'replaced' || recovery === 'exhausted' || recovery === 'unpaired';
  return holds && restart <= (lastEnd?.restart ?? 0);
}

/** Brings a lost node into its one form. */
export const lostNodeOf = (of: number, state: LostNode['state']) => intern({ of, state });

export const noEnds: EndRecords = intern([]);
export const endOf = (ends: EndRecords, run: number | undefined): EndRecord | undefined =>
  ends.find((end) => end.run === run);
/** The outbox with one record more, or one changed. */
export const withEnd = (ends: EndRecords, end: EndRecord): EndRecords =>
  intern([...ends.filter(({ run }) => run !== end.run), endRecordOf(end)].sort((a, b) => a.run - b.run));
const endRecordOf = ({ run, after, confirmed, settled }: EndRecord) => intern({ run, after, confirmed, settled });

/** Whether the kubelet's or the scheduler's word proves that no process of the pod is left. */
export const saysDead = ({ container }: PodObject) =>
  container === 'terminated' || container === 'replaced' || container === 'refused';
