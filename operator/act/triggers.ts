import type { Caches } from '../observe/caches.ts';
import { indexKeysByNode } from '../observe/keys-on-node.ts';
import { isSameNode } from '../observe/slim-node.ts';
import type { ObservedSession } from '../plan/observed.ts';
import type { SessionKey } from '../resource/names.ts';
import { namespaceAndName, sessionKey } from '../resource/names.ts';
import type { Priority } from '../watch/priority.ts';
import type { WorkQueue } from '../watch/work-queue.ts';

/** Every change of an object puts its session's key into the queue, with the priority of what has changed. */
export function enqueueOnChange(
  { sessions, pods, sessionEnds, claims }: Caches,
  queue: Pick<WorkQueue<SessionKey>, 'add'>,
): void {
  const urgency = (key: SessionKey): Priority => urgencyOf(sessions.get(key)) ?? 'report';
  sessions.onChange((key, now, before) => queue.add(key, sessionPriority(now, before)));
  pods.onChange((key) => queue.add(key, urgency(key)));
  sessionEnds.onChange((_key, now, before) => {
    const key = now?.sessionKey ?? before?.sessionKey;
    if (key !== undefined) queue.add(key, urgency(key));
  });
  claims.onChange((claim) => {
    const { namespace, name } = namespaceAndName(claim);
    const key = sessionKey(namespace, name.replace(/-data$/, ''));
    if (sessions.get(key) !== undefined) queue.add(key, urgency(key));
  });
}

/** A change of a node that is read is one of every pod on it. Must be called before the caches are filled. */
export function enqueueOnNodeChange(
  { sessions, pods, nodes }: Caches,
  queue: Pick<WorkQueue<SessionKey>, 'add'>,
): void {
  const keysOn = indexKeysByNode(pods);
  nodes.onChange((_key, now, before) => {
    const name = now?.name ?? before?.name;
    if (name === undefined || isSameNode(now, before)) return;
    for (const key of keysOn(name)) queue.add(key, urgencyOf(sessions.get(key)) ?? 'report');
  });
}

/** Puts every key into the queue: a new leader knows nothing of what the one before had under way. */
export function enqueueAll({ sessions, pods }: Caches, queue: Pick<WorkQueue<SessionKey>, 'add'>): void {
  const priority = (key: SessionKey): Priority => urgencyOf(sessions.get(key)) ?? 'resync';
  for (const { namespace, name } of sessions.values()) {
    const key = sessionKey(namespace, name);
    queue.add(key, priority(key));
  }
  for (const { namespace, name } of pods.values()) {
    const key = sessionKey(namespace, name);
    if (sessions.get(key) === undefined) queue.add(key, 'resync');
  }
}

function sessionPriority(now: ObservedSession | undefined, before: ObservedSession | undefined): Priority {
  return urgencyOf(now) ?? (now?.generation === before?.generation ? 'report' : 'user-change');
}

/** Killed and deleted sessions have a lane of their own as long as there is something left to end. */
function urgencyOf(session: ObservedSession | undefined): Priority | undefined {
  if (session === undefined) return undefined;
  if (session.spec.desiredState === 'Killed' && session.status.phase !== 'Stopped') return 'force-kill';
  return session.deletionRequested ? 'deletion' : undefined;
}
