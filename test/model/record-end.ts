import type { Action } from '@berth/operator/plan/action.ts';
import type { EndReason } from '@berth/protocol';
import { type After, endOf, maxRestarts, withEnd } from './objects.ts';
import type { Outcome, Performance } from './perform.ts';
import * as promises from './promises.ts';
import { numberIn } from './view.ts';
import { change, type World } from './world.ts';

type CreateSessionEnd = Extract<Action, { type: 'CreateSessionEnd' }>;

const afterEnd: Partial<Record<EndReason, After>> = {
  replaced: 'replaced',
  banned: 'replaced',
  auth_failure: 'replaced',
  pairing_timeout: 'unpaired',
  crashed: 'crashed',
  unknown: 'crashed',
  stuck: 'crashed',
  start_timeout: 'crashed',
  out_of_memory: 'crashed',
  evicted: 'blameless',
  pod_deleted: 'blameless',
  node_lost: 'blameless',
};

/**
 * As act/session-ends.ts: in the session's namespace; where that has refused for 10 s, in the operator's; where that
 * refuses as well, nowhere, and after the deadline the run is let go without a record. How much time has gone is chosen
 * anew at each attempt, but none of it has at the first.
 */
export function createSessionEnd({ spec }: CreateSessionEnd, world: World, how: Performance): readonly Outcome[] {
  const run = numberIn(spec.run.uid);
  const standing = endOf(world.api.ends, run);
  if (standing !== undefined) {
    const taken = { ...world.cached, ends: withEnd(world.cached.ends, standing) };
    const broken = how.without.has('name of CreateSessionEnd') ? `run-${run} has a second session_end` : undefined;
    return [{ world: how.writer === 'leader' ? { ...world, cached: taken, refusal: undefined } : world, broken }];
  }
  const after = afterEnd[spec.reason] ?? 'calm';
  const isKnown = world.refusal?.run === run;
  const refusedAgain = (isOver: boolean): World =>
    how.writer === 'leader'
      ? { ...world, refusal: { run, isOver, after, confirmed: spec.terminationConfirmed } }
      : world;
  const refused: Outcome = { world: refusedAgain(false), refused: true };
  if (world.refuses === 'nowhere') return [created(spec, after, world, how)];
  if (world.refuses === 'in the namespace')
    return isKnown ? [refused, { ...created(spec, after, world, how), note: 'elsewhere' }] : [refused];
  const mayBeOver = isKnown || how.without.has('deadline of CreateSessionEnd');
  if (!mayBeOver || how.writer !== 'leader') return [refused];
  const givenUp: Outcome = {
    world: { ...refusedAgain(true), givenUp: world.givenUp | (1 << run) },
    refused: true,
    note: 'it is given up',
    broken: isKnown ? undefined : `the record of run-${run} is given up before its deadline`,
  };
  return [refused, givenUp];
}

function created(spec: CreateSessionEnd['spec'], after: After, world: World, how: Performance): Outcome {
  const { view, writer, lagging } = how;
  const run = numberIn(spec.run.uid);
  const record = { run, after, confirmed: spec.terminationConfirmed, settled: false };
  const counted = { ...world, failures: failuresAfter(spec, after, world), refusal: undefined };
  return {
    world: change(counted, 'ends', withEnd(world.api.ends, record), writer, lagging),
    broken: promises.ofRecord(world, view, spec),
  };
}

/** Ends in a row that speak against the session; one more than its budget where no run may follow. */
function failuresAfter(
  { session: { uid } }: CreateSessionEnd['spec'],
  after: After,
  { api: { session }, failures }: World,
): number {
  if (session === undefined || numberIn(uid) !== session.uid || after === 'blameless') return failures;
  if (after === 'calm') return 0;
  // Another client took over, which may be the process of an end that nobody confirmed: it is on its way out.
  if (after === 'replaced' && session.lastEnd?.haunted) return Math.min(failures + 1, maxRestarts);
  return after === 'crashed' ? Math.min(failures + 1, maxRestarts + 1) : maxRestarts + 1;
}
