import { randomUUID } from 'node:crypto';
import type { KubernetesClient } from '../kubernetes/client.ts';
import { isAlreadyExists, isForbidden, isNotFound } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import { apiVersion, path } from '../resource/names.ts';

/** What an Event is about. */
export interface EventSubject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventRecorder {
  /** Tells a person something about a session, in `kubectl describe`. Never waits and never fails: an Event is a courtesy. */
  record(
    subject: EventSubject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    /** `once` names it: another leader that tells the same is refused. */
    options?: { readonly once?: string },
  ): void;
  /** Waits for what is under way, for at most `withinMs`. */
  flush(withinMs: number): Promise<void>;
}

/** As client-go's spam filter: a burst a subject, then one every so many milliseconds. */
const burst = 25;
const refillMs = 30_000;
/** Subjects whose budget is remembered, and Events under way; beyond, the oldest budget is forgotten, the Event dropped. */
const rememberedSubjects = 4096;
const underWayAtMost = 256;

export function createEventRecorder(dependencies: {
  readonly client: KubernetesClient;
  readonly reportingInstance: string;
  readonly log: Log;
}): EventRecorder {
  const { client, reportingInstance, log } = dependencies;
  const budgets = new Map<string, { tokens: number; atMs: number }>();
  const underWay = new Set<Promise<void>>();

  function mayTell(uid: string, nowMs: number): boolean {
    const { tokens, atMs } = budgets.get(uid) ?? { tokens: burst, atMs: nowMs };
    const left = Math.min(burst, tokens + (nowMs - atMs) / refillMs);
    budgets.delete(uid);
    budgets.set(uid, { tokens: Math.max(0, left - 1), atMs: nowMs });
    if (budgets.size > rememberedSubjects) budgets.delete(budgets.keys().next().value ?? '');
    return left >= 1;
  }

  async function create(
    subject: EventSubject,
    type: string,
    reason: string,
    message: string,
    nowMs: number,
    once: string = randomUUID(),
  ) {
    const now = new Date(nowMs).toISOString();
    try {
      await client.request({
        method: 'POST',
        path: path.events(subject.namespace),
        body: {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: `${subject.name}.${once}`, namespace: subject.namespace },
          involvedObject: { apiVersion, kind: 'WhatsAppSession', ...subject },
          type,
          reason,
          message: message.slice(0, 1024), // The API server refuses more.
          source: { component: 'berth-operator' },
          reportingComponent: 'berth-operator',
          reportingInstance,
          firstTimestamp: now,
          lastTimestamp: now,
          count: 1,
        },
      });
    } catch (error) {
      // The namespace is gone or going: there is nobody left to tell. Or it was told before.
      if (isNotFound(error) || isForbidden(error) || isAlreadyExists(error)) return;
      log.warn('Event not recorded', { error, session: `${subject.namespace}/${subject.name}`, reason });
    }
  }

  return {
    record(subject, type, reason, message, { once } = {}) {
      const nowMs = client.nowMs();
      if (underWay.size >= underWayAtMost || !mayTell(subject.uid, nowMs)) return;
      const creating = create(subject, type, reason, message, nowMs, once).finally(() => underWay.delete(creating));
      underWay.add(creating);
    },
    async flush(withinMs) {
      await Promise.race([Promise.all(underWay), new Promise((resolve) => setTimeout(resolve, withinMs).unref())]);
    },
  };
}
