import type { EndReason } from '@berth/protocol';
import type { SessionEndSpec } from '../resource/session-end.ts';
import type { ClaimManifest, PodManifest } from './manifests.ts';

/** One step in the cluster. Each is idempotent, and its precondition (a uid or a resourceVersion) makes it safe on a stale view. */
export type Action =
  | { readonly type: 'AddSessionFinalizer' }
  /** Reads the session once more: a creation has no version of it as its precondition. */
  | { readonly type: 'ConfirmSession' }
  /** The operator's CA into the session's namespace: the pod mounts it. */
  | { readonly type: 'PublishTrust' }
  | { readonly type: 'CreateClaim'; readonly claim: ClaimManifest }
  | { readonly type: 'CreatePod'; readonly pod: PodManifest }
  /** Puts the finalizer back that somebody took off a living pod. */
  | { readonly type: 'AddPodFinalizer'; readonly uid: string }
  /** Writes down why the run is ended, before anything is done to end it. No deadline: at once. */
  | { readonly type: 'MarkEnding'; readonly runUid: string; readonly reason: EndReason; readonly deadlineMs?: number }
  /** Asks over the pod's own API. A pod that does not answer is deleted at once: there is nothing to wait for. */
  | {
      readonly type: 'AskPodToStop';
      readonly uid: string;
      readonly withinMs: number;
      /** Unlink the device first; whatever becomes of that, the pod ends within its time. */
      readonly logout?: true;
    }
  /** Always with grace period 0 and the uid as precondition. */
  | { readonly type: 'DeletePod'; readonly uid: string }
  | { readonly type: 'CreateSessionEnd'; readonly name: string; readonly spec: SessionEndSpec }
  /** Only on a state of the pod that was judged dead: its resourceVersion is the precondition. */
  | { readonly type: 'RemovePodFinalizer'; readonly uid: string }
  | { readonly type: 'DeleteClaim'; readonly uid: string }
  | { readonly type: 'RemoveSessionFinalizer' };

/**
 * What must be done before a pod is made, and has no order in itself. The claim too: a scheduler that meets the pod first
 * calls it unschedulable and looks again only a second later (seen).
 */
export const isPreparation = ({ type }: Action): boolean => type === 'ConfirmSession' || type === 'CreateClaim';

/**
 * What is done at the same time as the rest. A pod starts only once its CA is there, whichever came first; and the
 * session's finalizer is for what a run leaves behind: the end of the run itself is held by the finalizer of the pod.
 */
export const isAlongside = ({ type }: Action): boolean => type === 'PublishTrust' || type === 'AddSessionFinalizer';

/** What to do for one session now. */
export interface Plan {
  /** A word for logs, Events and tests: which step of which rule decided. */
  readonly reason: string;
  readonly actions: readonly Action[];
  /** Look again after so many milliseconds, although nothing changed. */
  readonly requeueAfterMs?: number;
  /** What only so many sessions may do at once: the plan is carried out when it is this one's turn. */
  readonly turn?: 'start' | 'rollout';
}

/** A plan of one step. */
export function step(reason: string, ...actions: readonly Action[]): Plan {
  return { reason, actions };
}

/** Decides for one aspect, or leaves it to the next rule. */
export type Rule<Input> = (observed: Input) => Plan | undefined;
