import { type EndReason, type LastWords, type PodEndReason, podEndReasons } from '@berth/protocol';
import type { ObservedNode, ObservedPod, ObservedSession } from './observed.ts';

/** Why a run ended, and that in a sentence. */
export interface End {
  readonly reason: EndReason;
  readonly message: string;
  /** The pod's last words, if it had time for them. */
  readonly lastWords?: LastWords;
}

const isPodEndReason = (value: unknown): value is PodEndReason => podEndReasons.some((reason) => reason === value);

/** Reads a termination message. Anything else than the pod's own JSON (a crash log, nothing) gives undefined. */
export function parseLastWords(terminationMessage: string): LastWords | undefined {
  let words: unknown;
  try {
    words = JSON.parse(terminationMessage);
  } catch {
    return undefined; // Not ours: the process died before it could say anything.
  }
  if (typeof words !== 'object' || words === null) return undefined;
  const { reason, code, message } = words as Record<string, unknown>;
  return {
    ...(isPodEndReason(reason) ? { reason } : {}),
    ...(typeof code === 'number' ? { code } : {}),
    message: typeof message === 'string' ? message : '',
  };
}

/**
 * The reason of a run's end, in the order of precedence: what the pod alone can know; what was decided and written down;
 * the session's deletion; an eviction; a deletion by somebody else; what the kubelet says; a restart of the machine.
 * Exit codes, signals and `deletionGracePeriodSeconds` say nothing: the kubelet sets the latter to 0 itself at the end.
 */
export function endReason(pod: ObservedPod, session: ObservedSession | undefined, node?: ObservedNode): End {
  const { container } = pod;
  const lastWords = container.state === 'terminated' ? parseLastWords(container.message) : undefined;
  const told = lastWords === undefined ? {} : { lastWords };
  const end = (reason: EndReason, message: string): End => ({ reason, message, ...told });
  if (lastWords?.reason !== undefined) return end(lastWords.reason, lastWords.message || messages[lastWords.reason]);
  const owner = session?.uid === pod.sessionUid ? session : undefined;
  const ending = owner?.status.run?.uid === pod.uid ? owner.status.run.ending : undefined;
  if (ending !== undefined) {
    const { reason } = ending;
    return end(reason, endingMessage(reason, owner));
  }
  if (owner === undefined || owner.deletionRequested) return end('deleted', messages.deleted);
  if (pod.disrupted) return end('evicted', messages.evicted);
  if (pod.deletionRequested) return end('pod_deleted', messages.pod_deleted);
  if (container.state === 'terminated' && container.reason === 'OOMKilled')
    return end('out_of_memory', messages.out_of_memory);
  const bootId = owner.status.run?.uid === pod.uid ? owner.status.run.bootId : undefined;
  if (bootId !== undefined && node?.bootId !== undefined && node.bootId !== bootId)
    return end('node_lost', `The machine of node "${node.name}" was started anew`);
  return end('crashed', crashMessage(pod, lastWords));
}

/** The condition Stuck says what was seen when the end was decided. */
function endingMessage(reason: EndReason, session: ObservedSession | undefined): string {
  const stuck = session?.status.conditions?.find(({ type }) => type === 'Stuck');
  const isToldThere =
    (reason === 'stuck' || reason === 'start_timeout') &&
    stuck?.status === 'True' &&
    stuck.reason !== 'TerminationTimeout';
  return isToldThere ? `${stuck.reason}: ${stuck.message}` : messages[reason];
}

function crashMessage({ container, phase }: ObservedPod, lastWords: LastWords | undefined): string {
  if (container.state !== 'terminated') return `The pod never started: its phase is ${phase}`;
  const how = container.signal === undefined ? `exit code ${container.exitCode}` : `signal ${container.signal}`;
  const said = lastWords?.message ? `; it last said: ${lastWords.message}` : '';
  return `The process ended by itself with ${how} (${container.reason})${said}`;
}

const messages: Readonly<Record<EndReason, string>> = {
  stopped: 'The session was stopped',
  restarted: 'A restart was asked for',
  force_killed: 'The session was killed: desiredState is Killed',
  stuck: 'The session made no progress',
  start_timeout: 'The pod did not report in time',
  pairing_timeout: 'Nobody paired the session in time',
  logged_out: 'The device was unlinked from the account',
  replaced: 'Another client took over the connection',
  auth_failure: 'The stored credentials cannot be used',
  banned: 'WhatsApp refuses the account',
  crashed: 'The process ended by itself',
  out_of_memory: 'The container reached its memory limit',
  evicted: 'The pod was evicted from its node',
  node_lost: 'The node was lost',
  pod_deleted: 'Somebody deleted the pod',
  deleted: 'The session was deleted',
  spec_changed: 'The settings of the pod were changed',
  shutdown: 'Berth is being uninstalled',
  unknown: 'The pod is gone and left no trace of its end',
};

/** A sentence for each reason. */
export const endMessage = (reason: EndReason): string => messages[reason];

/** What the deletion of a session outranks, and so does that of its whole namespace. */
const outrankedByDeletion: readonly EndReason[] = ['evicted', 'pod_deleted', 'out_of_memory', 'node_lost', 'crashed'];

/**
 * The end of a run whose namespace is being deleted. The namespace's controller deletes pods before sessions, so that at
 * this moment it looks as if somebody had deleted the pod alone.
 */
export function endInTerminatingNamespace<E extends Pick<End, 'reason' | 'message'>>(end: E): E {
  if (!outrankedByDeletion.includes(end.reason)) return end;
  return { ...end, reason: 'deleted', message: 'The namespace of the session was deleted' };
}
