import type { Action } from '@berth/operator/plan/action.ts';
import type { Observed } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import { type Situation, situations, ways } from './state-situations.ts';

/** The text of docs/states.md: what `plan()` and `sessionStatus()` say of each situation, so it cannot say anything else. */
export function statesDocument(): string {
  return [
    '# The states of a session',
    '',
    'Made by `make generate` from `plan()` and `sessionStatus()` on the situations in `test/generate/state-situations.ts`; do not edit.',
    '',
    'The conditions are the truth, and the phase is a word for people that follows from them: no rule reads it. The phases, and what',
    'leads from one to another:',
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...diagram(),
    '```',
    '',
    'What is observed, what the status then says, and what is done. "Again in" is when the session is looked at again although nothing',
    'changed; otherwise it is looked at when something does.',
    '',
    '| observed | phase | Ready | Stuck | decision | actions, in order | again in |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...Object.entries(situations).map(([name, observed]) => row(name, observed)),
    '',
  ].join('\n');
}

function diagram(): string[] {
  const lines = ways.map(([from, to, by]) => `    ${phaseOf(from)} --> ${phaseOf(to)}: ${by}`);
  return [`    [*] --> ${phaseOf('new, no run yet')}: kubectl apply`, ...new Set(lines)];
}

const phaseOf = (situation: Situation): string => statusOf(situations[situation]).phase ?? '';

function row(name: string, observed: Observed): string {
  const { phase, conditions = [] } = statusOf(observed);
  const condition = (type: string) => conditions.find((each) => each.type === type);
  const ready = condition('Ready');
  const stuck = condition('Stuck');
  const { reason, actions, requeueAfterMs } = plan(observed);
  const cells = [
    name,
    phase,
    ready?.status === 'True' ? 'True' : ready?.reason,
    stuck?.status === 'True' ? stuck.reason : '',
    reason,
    actions.map(told).join(', '),
    requeueAfterMs === undefined ? '' : `${Math.ceil(requeueAfterMs / 100) / 10} s`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function statusOf(observed: Observed) {
  return observed.session === undefined ? {} : sessionStatus(observed, observed.session);
}

function told(action: Action): string {
  if (action.type === 'MarkEnding') return `MarkEnding ${action.reason}`;
  return action.type === 'CreateSessionEnd' ? `CreateSessionEnd ${action.spec.reason}` : action.type;
}
