import type { ObservedSession } from '../plan/observed.ts';
import type { Condition } from '../resource/whatsapp-session.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import type { EventRecorder } from './events.ts';
import type { Metrics } from './metrics.ts';

/** Reasons of a condition that a person should look at. */
const warnings = [
  'StartBlocked',
  'EndNotRecorded',
  'ClaimInUse',
  'NotAllowed',
  'ReconcileFailed',
  'NotResponding',
  'NodeUnreachable',
  'Held',
  'SecretMissing',
  'DeliveryFailed',
  'BackingOff',
  'RecoveryExhausted',
];
/** Conditions whose changes are told. */
const told = ['Ready', 'Stuck', 'WebhooksReady'];
/** That of these conditions which is the good one. */
const goodStatus: Readonly<Record<string, string>> = { Ready: 'True', Stuck: 'False', WebhooksReady: 'True' };

/**
 * Tells each change of a condition's reason as an Event, whoever wrote it: the leader itself or the receiver of a report.
 * Only the leader tells, so that it is told once.
 */
export function tellTransitions(dependencies: {
  readonly sessions: SlimCache<ObservedSession>;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly isLeader: () => boolean;
}): void {
  const { sessions, events, metrics, isLeader } = dependencies;
  sessions.onChange((_key, now, before) => {
    if (now === undefined || before?.uid !== now.uid || !isLeader()) return;
    countRestart(now, before, metrics);
    for (const type of told) {
      const [is, was] = [conditionOf(now, type), conditionOf(before, type)];
      if (is === undefined || is.reason === was?.reason) continue;
      const isGood = is.status === goodStatus[type];
      if (was === undefined && isGood) continue; // All is well from the start: nothing to tell.
      const subject = { namespace: now.namespace, name: now.name, uid: now.uid };
      const isWarning = !isGood && (type === 'Stuck' || warnings.includes(is.reason));
      events.record(subject, isWarning ? 'Warning' : 'Normal', is.reason, is.message);
      const cameBack = was?.reason === 'NotResponding' || was?.reason === 'NodeUnreachable'; // It was ready all along.
      if (
        is.reason === 'Ready' &&
        !cameBack &&
        now.status.run?.startedAt !== undefined &&
        now.status.report?.reconnects === 0
      )
        metrics.sessionStartSeconds.observe(
          { engine: now.spec.engine },
          secondsBetween(now.status.run.startedAt, now.status.report.readyAt),
        );
    }
  });
}

/** Not by the count of recovery: a run after an eviction is none that counts against the session, and it is a restart. */
function countRestart({ spec, status: { run, lastEnd } }: ObservedSession, before: ObservedSession, metrics: Metrics) {
  if (run === undefined || run.number === 1 || run.uid === before.status.run?.uid) return;
  metrics.sessionRestarts.inc({ engine: spec.engine, reason: lastEnd?.reason ?? 'unknown' });
}

const conditionOf = ({ status }: ObservedSession, type: string): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

function secondsBetween(from: string, to: string | undefined): number {
  return to === undefined ? 0 : Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}
