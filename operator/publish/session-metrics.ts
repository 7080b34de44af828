import { Counter, Gauge, type LabelValues, type Registry } from 'prom-client';
import { isConfirmedDead } from '../plan/confirmed-dead.ts';
import type { ObservedPod, ObservedSession, ObservedSessionEnd } from '../plan/observed.ts';
import { namespaceAndName, sessionKey } from '../resource/names.ts';
import type { Condition } from '../resource/whatsapp-session.ts';
import type { SlimCache } from '../watch/slim-cache.ts';

/** What the series of single sessions are read from, at each scrape. */
export interface SessionSources {
  readonly sessions: Pick<SlimCache<ObservedSession>, 'values'>;
  readonly pods: Pick<SlimCache<ObservedPod>, 'values' | 'get'>;
  readonly sessionEnds: Pick<SlimCache<ObservedSessionEnd>, 'values'>;
}

type Series<Label extends string> = readonly [labels: LabelValues<Label>, value: number];

/**
 * Registers what is told of single sessions. Each scrape reads the caches anew, so the series of what is over or deleted
 * vanish; but for the phase, only sessions that something is the matter with have any. Every replica tells the same.
 */
export function registerSessionMetrics(registers: Registry[], sources: SessionSources): void {
  const { sessions } = sources;
  gaugeOfNow(registers, {
    name: 'berth_session_phase',
    help: '1 for the phase that the session is in.',
    labelNames: ['namespace', 'session', 'phase'],
    *read() {
      for (const session of sessions.values())
        yield [{ ...labelsOf(session), phase: session.status.phase ?? 'Pending' }, 1];
    },
  });
  gaugeOfNow(registers, {
    name: 'berth_session_stuck',
    help: '1 while the condition Stuck is True, by its reason.',
    labelNames: ['namespace', 'session', 'reason'],
    *read() {
      for (const session of sessions.values()) {
        const stuck = conditionOf(session, 'Stuck');
        if (stuck?.status === 'True') yield [{ ...labelsOf(session), reason: stuck.reason }, 1];
      }
    },
  });
  gaugeOfNow(registers, {
    name: 'berth_session_failed',
    help: '1 while no run is started until somebody mends the cause: the phase is Failed, by what it is for.',
    labelNames: ['namespace', 'session', 'reason'],
    *read() {
      for (const session of sessions.values())
        if (session.status.phase === 'Failed') yield [{ ...labelsOf(session), reason: failureOf(session) }, 1];
    },
  });
  registerReconnects(registers, sources);
  registerTimestamps(registers, sources);
}

/** Times by the API server's clock, as seconds since 1970: how long ago they are, Prometheus can tell without this process. */
function registerTimestamps(registers: Registry[], sources: SessionSources): void {
  gaugeOfNow(registers, {
    name: 'berth_session_end_undelivered_timestamp_seconds',
    help: 'When the oldest end that a sink has not taken was recorded; reason is retrying or given_up. It stays as long as the record, also of a deleted session.',
    labelNames: ['namespace', 'session', 'reason'],
    read: () => oldestUndelivered(sources.sessionEnds.values()),
  });
  gaugeOfNow(registers, {
    name: 'berth_deletion_timestamp_seconds',
    help: 'When a session, or the pod of one, that still has our finalizer should have been deleted; kind is WhatsAppSession or Pod.',
    labelNames: ['namespace', 'session', 'kind'],
    read: () => pendingDeletions(sources),
  });
  gaugeOfNow(registers, {
    name: 'berth_force_kill_timestamp_seconds',
    help: 'When the force-kill was ordered whose end the kubelet has not reported yet.',
    labelNames: ['namespace', 'session'],
    read: () => killsUnderWay(sources),
  });
}

/** A counter of Prometheus begins anew with each run, which rate() and increase() take for what it is. */
function registerReconnects(registers: Registry[], { sessions }: SessionSources): Counter {
  return new Counter({
    name: 'berth_run_reconnects_total',
    help: 'Times that the connection of the present run was lost; absent before the first.',
    labelNames: ['namespace', 'session'],
    registers,
    collect() {
      this.reset();
      for (const session of sessions.values()) {
        const { reconnects = 0 } = session.status.report ?? {};
        if (reconnects > 0) this.inc(labelsOf(session), reconnects);
      }
    },
  });
}

function gaugeOfNow<Label extends string>(
  registers: Registry[],
  options: {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly Label[];
    readonly read: () => Iterable<Series<Label>>;
  },
): Gauge<Label> {
  const { read, ...configuration } = options;
  return new Gauge({
    ...configuration,
    registers,
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}

const labelsOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) => ({
  namespace,
  session: name,
});

const conditionOf = ({ status }: ObservedSession, type: string): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

/** The reason of Ready; where that only says that the session is held, what it is held for. */
function failureOf(session: ObservedSession): string {
  const reason = conditionOf(session, 'Ready')?.reason ?? 'Unknown';
  return reason === 'Held' ? (session.status.recovery?.held ?? reason) : reason;
}

function oldestUndelivered(ends: Iterable<ObservedSessionEnd>): Iterable<Series<'namespace' | 'session' | 'reason'>> {
  const oldest = new Map<string, Series<'namespace' | 'session' | 'reason'>>();
  for (const { sessionKey: key, settled, isGivenUp, createdAtMs } of ends) {
    if (settled && !isGivenUp) continue;
    const reason = isGivenUp ? 'given_up' : 'retrying';
    const before = oldest.get(`${key} ${reason}`)?.[1] ?? Number.POSITIVE_INFINITY;
    const labels = { ...labelsOf(namespaceAndName(key)), reason };
    oldest.set(`${key} ${reason}`, [labels, Math.min(before, createdAtMs / 1000)]);
  }
  return oldest.values();
}

function* pendingDeletions({
  sessions,
  pods,
}: SessionSources): Generator<Series<'namespace' | 'session' | 'kind'>, void, undefined> {
  for (const session of sessions.values())
    if (session.hasFinalizer && session.deletionAtMs !== undefined)
      yield [{ ...labelsOf(session), kind: 'WhatsAppSession' }, session.deletionAtMs / 1000];
  for (const pod of pods.values())
    if (pod.hasFinalizer && pod.deletionAtMs !== undefined)
      yield [{ ...labelsOf(pod), kind: 'Pod' }, pod.deletionAtMs / 1000];
}

function* killsUnderWay({
  sessions,
  pods,
}: SessionSources): Generator<Series<'namespace' | 'session'>, void, undefined> {
  for (const session of sessions.values()) {
    const { run } = session.status;
    if (run?.ending?.reason !== 'force_killed') continue;
    const pod = pods.get(sessionKey(session.namespace, session.name));
    if (pod?.uid === run.uid && !isConfirmedDead(pod)) yield [labelsOf(session), Date.parse(run.ending.since) / 1000];
  }
}
