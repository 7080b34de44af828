import { type Plan, type Rule, step } from './action.ts';
import { deletion } from './deletion.ts';
import { drain } from './drain.ts';
import { endOfRun } from './end-of-run.ts';
import { foreignPod } from './foreign-pod.ts';
import { holdPod } from './hold-pod.ts';
import { kill } from './kill.ts';
import { lostNode } from './lost-node.ts';
import { lostRun } from './lost-run.ts';
import type { Observed } from './observed.ts';
import { oldView } from './old-view.ts';
import { renewal } from './renewal.ts';
import { repair } from './repair.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';
import { nextDeadlineMs, stuck } from './stuck.ts';

/** In order of precedence, the first that decides wins: the end of a run outranks any wish for the next one. */
const rules: readonly Rule<Observed>[] = [
  oldView,
  holdPod,
  foreignPod,
  kill,
  endOfRun,
  lostRun,
  deletion,
  drain,
  stop,
  renewal,
  lostNode,
  stuck,
  repair,
  start,
];

/** Decides what to do for one session. The same Observed always gives the same Plan. */
export function plan(observed: Observed): Plan {
  const decision = firstDecision(observed);
  // Whatever is decided, what takes too long must be seen in time.
  const deadlineMs = nextDeadlineMs(observed);
  if (deadlineMs === undefined) return decision;
  return { ...decision, requeueAfterMs: Math.min(deadlineMs, decision.requeueAfterMs ?? deadlineMs) };
}

function firstDecision(observed: Observed): Plan {
  for (const rule of rules) {
    const decision = rule(observed);
    if (decision !== undefined) return decision;
  }
  return step('Settled');
}
