import { type Action, isAlongside, type Plan } from '@berth/operator/plan/action.ts';
import type { Observed } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import type { Bounds } from './bounds.ts';
import { type Outcome, type Precondition, perform, writeStatus } from './perform.ts';
import type { Step } from './step.ts';
import { keyOf, leftMs, observedOf, type Time, times, timesIn, type View, viewOf, withStatus } from './view.ts';
import type { Hand, World, Writer } from './world.ts';

/** A bug that is put in on purpose: in what is planned, or in how it is performed. */
export interface Mutant {
  readonly name: string;
  readonly plan?: (observed: Observed) => Plan;
  /** What the status is made of. */
  readonly told?: (observed: Observed) => Observed;
  readonly without?: readonly Precondition[];
}

/** What `plan()` says of a view; kept, since the same view always gives the same plan. */
interface Decision {
  readonly view: View;
  readonly observed: Observed;
  readonly reason: string;
  readonly actions: readonly Action[];
  /** Milliseconds; Infinity when nobody asks to be woken. */
  readonly requeueAfterMs: number;
  /** What the status becomes on this view. */
  readonly publish: ReturnType<typeof publishOn>;
}

/** The operator: its looks, its acts, its crashes, and one without a lease that has not noticed. */
export function createLeader(
  bounds: Bounds,
  { plan: decide = plan, told: toldOf = (observed) => observed, without = [] }: Omit<Mutant, 'name'>,
) {
  /** The decisions that somebody has, or had, in hand: a world knows them by their place. */
  const held: Decision[] = [];
  const places = new Map<Decision, number>();
  const turned = new Map<Decision, Decision>();
  const known = new Map<string, Decision>();
  const left = new Set(without);

  function decisionOn(view: View): Decision {
    const key = keyOf(view);
    const before = known.get(key);
    if (before !== undefined) return before;
    const observed = observedOf(view);
    const { reason, actions: all, requeueAfterMs } = decide(observed);
    // Where the CA is refused, in a namespace that goes, the creation after it is too; and the session is confirmed by
    // the creation itself here. They would only make states.
    const actions = all.filter(({ type }) => type !== 'PublishTrust' && type !== 'ConfirmSession');
    const decision: Decision = {
      view,
      observed,
      reason,
      actions,
      requeueAfterMs: requeueAfterMs ?? Number.POSITIVE_INFINITY,
      publish: publishOn(view, toldOf(observed)),
    };
    known.set(key, decision);
    return decision;
  }

  /** What is done alongside the action before it may be there first. */
  function ordersOf(decision: Decision): readonly Decision[] {
    const { actions } = decision;
    const last = actions.at(-1);
    if (actions.length < 2 || last === undefined || !isAlongside(last)) return [decision];
    const other = turned.get(decision) ?? {
      ...decision,
      actions: [...actions.slice(0, -2), last, ...actions.slice(-2, -1)],
    };
    turned.set(decision, other);
    return [decision, other];
  }

  /** What is left of a decision from an action on; undefined when that is nothing. */
  function handOf(decision: Decision, next: number): Hand | undefined {
    if (decision.actions[next] === undefined) return undefined;
    const place = places.get(decision) ?? held.push(decision) - 1;
    places.set(decision, place);
    return { decision: place, next };
  }

  function actInHand(world: World, { decision: place, next }: Hand, writer: Writer): Step[] {
    const decision = held[place];
    if (decision === undefined) throw new RangeError(`Cannot act: nobody has decision ${place} in hand`);
    return act(world, decision, next, writer);
  }

  /** What the leader decides now, for each of the times that it is waiting for: over, or not. */
  function decisionsIn(world: World): Decision[] {
    const view = viewOf(world);
    if (view === undefined) return [];
    // A process without object is dead before the wait for its death is over: PID 1 sees to that.
    const open = timesIn(view, bounds.parts).filter((time) => time !== 'death' || world.ghosts === 0);
    return subsetsOf(open).map((over) => decisionOn({ ...view, over }));
  }

  function act(world: World, decision: Decision, next: number, writer: Writer): Step[] {
    const { view, observed, actions, reason } = decision;
    const action = actions[next];
    if (action === undefined) return [];
    const done = actions.slice(0, next);
    const how = { view, observed, done, writer, lagging: bounds.lagging, without: left };
    return perform(action, world, how).map((outcome): Step => {
      const rest = outcome.refused === true ? undefined : handOf(decision, next + 1);
      const after = writer === 'leader' ? { hand: rest } : { sleeper: rest };
      return {
        label: `${writer === 'leader' ? 'the leader' : 'the leader of before'}: ${told(reason, action, outcome)}`,
        hope: writer === 'leader' ? 'sure' : 'none',
        world: { ...outcome.world, ...after },
        broken: outcome.broken,
      };
    });
  }

  /** Looks, and takes the first step or, where there is none, brings the status in line. */
  function look(world: World): Step[] {
    return decisionsIn(world).flatMap((decision): Step[] => {
      const published = publish(world, decision);
      if (decision.actions.length === 0) return [{ ...published, broken: published.broken ?? sleepless(decision) }];
      // An action that fails for another cause than a conflict is told in the status as well.
      return [...ordersOf(decision).flatMap((each) => act(world, each, 0, 'leader')), published];
    });
  }

  function publish(world: World, { view, publish: next, reason }: Decision): Step {
    const label = `the leader, ${reason}, writes the status`;
    if (view.session === undefined || next === undefined || next === view.session)
      return { label, hope: 'sure', world };
    const how = { writer: 'leader', lagging: bounds.lagging, without: left } as const;
    const outcome = writeStatus(world, view.session, next, how);
    return { label, hope: 'sure', world: outcome.world, broken: outcome.broken };
  }

  /** A plan that would be another one once a time is over must ask to be looked at again then. */
  function sleepless({ view, reason, requeueAfterMs }: Decision): string | undefined {
    const changes = timesIn(view, bounds.parts).find((time) => {
      if (view.over.includes(time) || requeueAfterMs <= leftMs(view, time)) return false;
      return decisionOn({ ...view, over: [...view.over, time].sort(byOrder) }).reason !== reason;
    });
    return changes && `${reason} changes when the ${changes} is over, and nobody asks to be woken then`;
  }

  return {
    /** Everything that may happen next by the operator. */
    steps(world: World): Step[] {
      const steps: Step[] = [];
      const { hand, sleeper, watched, cached } = world;
      if (hand === undefined) steps.push(...look(world));
      else {
        steps.push(...actInHand(world, hand, 'leader'));
        steps.push({
          label: 'the leader drops the rest: an error',
          hope: 'none',
          world: { ...world, hand: undefined },
        });
      }
      const anew: World = { ...world, cached: watched, hand: undefined, refusal: undefined };
      if (world.refusal?.isOver)
        steps.push({
          label: 'the last refusal is no longer young',
          hope: 'sure',
          world: { ...world, refusal: { ...world.refusal, isOver: false } },
        });
      if (hand !== undefined || cached !== watched)
        steps.push({
          label: 'the leader crashes; the next one knows what the watches brought',
          hope: 'none',
          world: anew,
        });
      if (!bounds.twoLeaders) return steps;
      if (sleeper !== undefined) return [...steps, ...actInHand(world, sleeper, 'others')];
      const asleep = hand === undefined ? decisionsIn(world).flatMap((each) => handOf(each, 0) ?? []) : [hand];
      const label = 'the leader falls asleep and loses its lease';
      return [...steps, ...asleep.map((each): Step => ({ label, hope: 'none', world: { ...anew, sleeper: each } }))];
    },
  };
}
export type Leader = ReturnType<typeof createLeader>;

/** As publish/status.ts: of a session that is going and has no pod nobody reads the status. */
function publishOn({ session, pod }: View, observed: Observed) {
  if (session === undefined || observed.session === undefined || (session.deleting && pod === undefined))
    return undefined;
  return withStatus(session, sessionStatus(observed, observed.session));
}

const subsets: ReadonlyMap<number, readonly (readonly number[])[]> = new Map([
  [0, [[]]],
  [1, [[], [0]]],
  [2, [[], [0], [1], [0, 1]]],
]);
/** All choices of the times that are over; of more than two at a time, none, each alone, or all. */
function subsetsOf(open: readonly Time[]): (readonly Time[])[] {
  const all = [...open.keys()];
  const choices = subsets.get(open.length) ?? [[], ...all.map((index) => [index]), all];
  return choices.map((choice) => choice.flatMap((index) => open[index] ?? []));
}
const byOrder = (a: Time, b: Time) => times.indexOf(a) - times.indexOf(b);

function told(reason: string, action: Action, { refused, note }: Outcome): string {
  const end = refused ? ', refused' : note === undefined ? '' : `, ${note}`;
  return `${reason}, ${nameOf(action)}${end}`;
}

function nameOf(action: Action): string {
  if (action.type === 'MarkEnding')
    return `MarkEnding ${action.runUid} ${action.reason}${action.deadlineMs === undefined ? '' : ' gracefully'}`;
  if (action.type === 'CreateSessionEnd') return `CreateSessionEnd ${action.spec.run.uid} ${action.spec.reason}`;
  return 'uid' in action ? `${action.type} ${action.uid}` : action.type;
}
