import type { Action } from '@berth/operator/plan/action.ts';
import type { Observed } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';

/** An action in a word, with what matters of it. */
function word(action: Action): string {
  if (action.type === 'MarkEnding')
    return `MarkEnding ${action.reason}${action.deadlineMs === undefined ? '' : ' gracefully'}`;
  return action.type === 'CreateSessionEnd' ? `CreateSessionEnd ${action.spec.reason}` : action.type;
}

/** The reason of a plan and its actions, in order, each in a word. */
export const words = (observed: Observed) => {
  const { reason, actions } = plan(observed);
  return [reason, ...actions.map(word)];
};
