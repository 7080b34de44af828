import type { Action } from '../plan/action.ts';
import type { Observed } from '../plan/observed.ts';
import type { Claims } from './claims.ts';
import type { Pods } from './pods.ts';
import type { SessionEnds } from './session-ends.ts';
import type { Sessions } from './sessions.ts';

export interface PerformDependencies {
  readonly sessions: Sessions;
  readonly pods: Pods;
  readonly sessionEnds: SessionEnds;
  readonly claims: Claims;
  readonly publishTrust: (namespace: string, signal: AbortSignal) => Promise<void>;
}

/** Performs one action. Every one is idempotent; a conflict is thrown, and means: look again. */
export function createPerform({ sessions, pods, sessionEnds, claims, publishTrust }: PerformDependencies) {
  return async function perform(action: Action, observed: Observed, signal: AbortSignal): Promise<void> {
    switch (action.type) {
      case 'AddSessionFinalizer':
        return sessions.addFinalizer(observed, signal);
      case 'ConfirmSession':
        return sessions.confirm(observed, signal);
      case 'RemoveSessionFinalizer':
        return sessions.removeFinalizer(observed, signal);
      case 'MarkEnding':
        return sessions.markEnding(observed, action, signal);
      case 'PublishTrust':
        return publishTrust(observed.namespace, signal);
      case 'CreateClaim':
        return claims.create(observed, action.claim, signal);
      case 'DeleteClaim':
        return claims.remove(observed, action.uid, signal);
      case 'CreatePod':
        return claims.startOn(observed, signal, () => pods.create(observed, action.pod, signal));
      case 'AddPodFinalizer':
        return pods.addFinalizer(observed, action.uid, signal);
      case 'AskPodToStop':
        return pods.askToStop(observed, action, signal);
      case 'DeletePod':
        return pods.remove(observed, action.uid, signal);
      case 'RemovePodFinalizer':
        return pods.removeFinalizer(observed, action.uid, signal);
      case 'CreateSessionEnd':
        return sessionEnds.create(observed, action, signal);
    }
  };
}
export type Perform = ReturnType<typeof createPerform>;
