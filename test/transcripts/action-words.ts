import type { Action, Plan } from '@berth/operator/plan/action.ts';

/** What a plan does, in one line; what it does not do is told by when it looks again. */
export function inWords({ actions, requeueAfterMs, turn }: Plan): string {
  const words = actions.map(wordOf);
  if (turn !== undefined) words.unshift(`when it is its turn (${turn}):`);
  if (words.length > 0) return words.join(', ').replace(':,', ':');
  return requeueAfterMs === undefined ? '' : `looks again in ${(requeueAfterMs / 1_000).toFixed(1)} s`;
}

function wordOf(action: Action): string {
  switch (action.type) {
    case 'MarkEnding':
      return `MarkEnding ${action.reason}${action.deadlineMs === undefined ? ' at once' : ' gracefully'}`;
    case 'AskPodToStop':
      return `AskPodToStop within ${Math.round(action.withinMs / 1_000)} s${action.logout ? ', logging out first' : ''}`;
    case 'DeletePod':
      return 'DeletePod with grace 0';
    case 'CreateSessionEnd': {
      const { reason, terminationConfirmed } = action.spec;
      return `CreateSessionEnd ${reason}${terminationConfirmed ? '' : ', death not confirmed'}`;
    }
    case 'CreatePod':
    case 'AddSessionFinalizer':
    case 'PublishTrust':
    case 'ConfirmSession':
    case 'CreateClaim':
    case 'AddPodFinalizer':
    case 'RemovePodFinalizer':
    case 'DeleteClaim':
    case 'RemoveSessionFinalizer':
      return action.type;
  }
}
