import type { Observed } from '@berth/operator/plan/observed.ts';
import type { WhatsAppSessionSpec, WhatsAppSessionStatus } from '@berth/operator/resource/whatsapp-session.ts';
import {
  anObserved,
  aPod,
  aReport,
  aRunningSession,
  aSession,
  aSessionEnd,
  at,
  containers,
  nowMs,
} from '../builders/observed.ts';

type DesiredState = WhatsAppSessionSpec['desiredState'];
type LastEnd = NonNullable<WhatsAppSessionStatus['lastEnd']>;
type Ending = NonNullable<NonNullable<WhatsAppSessionStatus['run']>['ending']>;

const spec = (desiredState?: DesiredState): WhatsAppSessionSpec => ({
  engine: 'Baileys',
  ...(desiredState === undefined ? {} : { desiredState }),
});
const lastEnd = (reason: LastEnd['reason']): LastEnd => ({ runUid: 'run-1', number: 1, reason, at: at(-1) });
/** A session without a run, by what its status remembers. */
const down = (status: WhatsAppSessionStatus, desiredState?: DesiredState): Observed =>
  anObserved({ session: aSession({ status, spec: spec(desiredState) }) });
/** A session whose run reports a state. */
const reporting = (state: Parameters<typeof aReport>[0], pod: Parameters<typeof aPod>[0] = {}, seenForSeconds = 0) =>
  anObserved({
    session: aRunningSession({ status: { report: aReport(state) } }),
    pod: aPod(pod),
    symptomSinceMs: nowMs - seenForSeconds * 1000,
  });
const claim = {
  namespace: 'shop',
  name: 'alice-data',
  uid: 'claim-1',
  resourceVersion: '5',
  deletionRequested: false,
};
const silent = (pod: Parameters<typeof aPod>[0], seenForSeconds = 0): Observed => {
  const { report: _, ...status } = aRunningSession().status;
  const symptomSinceMs = nowMs - seenForSeconds * 1000;
  return anObserved({ session: aSession({ status }), pod: aPod({ ready: false, ...pod }), symptomSinceMs, claim });
};
const ending = (reason: Ending['reason'], deadline?: string): Observed =>
  anObserved({
    session: aRunningSession({}, { reason, since: at(-1), ...(deadline === undefined ? {} : { deadline }) }),
    pod: aPod(),
  });
const young = { createdAtMs: nowMs - 1_000 };
const dead = aPod({ container: containers.terminated, phase: 'Failed' });
const ended = aRunningSession({ spec: spec('Stopped') });
const outdated = (waitsForTurn: boolean) =>
  anObserved({
    session: aRunningSession({ spec: { ...spec('Running'), rollout: 'Paced' } }),
    pod: aPod({ templateHash: 'of the image before' }),
    waitsForTurn,
  });

/** What a session can be observed in, in words: the rows of docs/states.md. Each is what `plan()` is given. */
export const situations = {
  'new, no run yet': anObserved(),
  'many others start now': anObserved({ waitsForTurn: true }),
  'pod made, container not started': silent({ ...young, container: containers.waiting }),
  'no node or no image for the pod': silent({ container: containers.waiting, unschedulable: 'no memory' }),
  'the same for longer than startup.scheduleSeconds': silent(
    { container: containers.waiting, unschedulable: 'no memory' },
    600,
  ),
  'container runs, no report yet': silent({}),
  'the same for longer than startup.timeoutSeconds': silent({}, 120),
  'pod dials WhatsApp': reporting({ state: 'connecting' }),
  'pod shows a QR code': reporting({ state: 'waiting_for_pairing' }),
  'nobody scanned it within pairing.timeoutSeconds': reporting(
    { state: 'waiting_for_pairing' },
    { container: { state: 'running', startedAtMs: nowMs - 3_600_000 }, createdAtMs: nowMs - 3_600_000 },
  ),
  'pod is logged in, not ready': reporting({ state: 'authenticated' }),
  'the same for longer than recovery.authenticatedSeconds': reporting({ state: 'authenticated' }, {}, 90),
  ready: reporting({}),
  'ready, readiness probe fails': reporting({}, { ready: false, readyChangedAtMs: nowMs - 5_000 }),
  'the same for longer than recovery.unresponsiveSeconds': reporting(
    {},
    { ready: false, readyChangedAtMs: nowMs - 50_000 },
    45,
  ),
  'image is not the newest, rollout is Paced': outdated(false),
  'the same, others are away for that': outdated(true),
  'connection lost, pod dials again': reporting({ state: 'reconnecting' }),
  'more losses than recovery.reconnects.max': reporting({ state: 'reconnecting', recentReconnects: 11 }),
  'stop asked for': anObserved({ session: aRunningSession({ spec: spec('Stopped') }), pod: aPod() }),
  'kill asked for': anObserved({ session: aRunningSession({ spec: spec('Killed') }), pod: aPod() }),
  'a graceful end under way': ending('stopped', at(29)),
  'its time is over': ending('stopped', at(-1)),
  'pod deleted, process not reported dead': {
    ...ending('stuck'),
    pod: aPod({ deletionRequested: true, deletionGraceSeconds: 0 }),
  },
  'process reported dead': anObserved({ session: aRunningSession(), pod: dead }),
  'end recorded, sinks not told yet': anObserved({
    session: aRunningSession(),
    pod: dead,
    sessionEnd: aSessionEnd({ settled: false }),
  }),
  'end recorded and told': anObserved({ session: aRunningSession(), pod: dead, sessionEnd: aSessionEnd() }),
  'pod gone, end recorded': anObserved({ session: ended, sessionEnd: aSessionEnd({ reason: 'stopped' }) }),
  'pod gone without a record': anObserved({ session: aRunningSession() }),
  'stopped, no run': down({ lastEnd: lastEnd('stopped') }, 'Stopped'),
  'killed, no run': down({ lastEnd: lastEnd('force_killed') }, 'Killed'),
  'waits before the next run': down({
    lastEnd: lastEnd('crashed'),
    recovery: { restarts: 1, nextRestartAt: at(5) },
  }),
  'replaced, banned or credentials unusable': down({
    lastEnd: lastEnd('replaced'),
    recovery: { restarts: 0, held: 'replaced' },
  }),
  'budget of restarts used up': down({ lastEnd: lastEnd('stuck'), recovery: { restarts: 5, held: 'exhausted' } }),
  'nobody paired it in time': down({
    lastEnd: lastEnd('pairing_timeout'),
    recovery: { restarts: 0, held: 'pairing_timeout' },
  }),
  'being deleted, run alive': anObserved({ session: aRunningSession({ deletionRequested: true }), pod: aPod() }),
  'being deleted, no run': anObserved({ session: aSession({ deletionRequested: true }) }),
} satisfies Record<string, Observed>;

export type Situation = keyof typeof situations;

/** Ways from one situation to another that the diagram of docs/states.md shows, and what leads there. */
export const ways: readonly (readonly [Situation, Situation, string])[] = [
  ['container runs, no report yet', 'pod dials WhatsApp', 'first report'],
  ['pod dials WhatsApp', 'pod shows a QR code', 'no credentials'],
  ['pod dials WhatsApp', 'ready', 'logged in'],
  ['pod shows a QR code', 'pod is logged in, not ready', 'scanned'],
  ['pod is logged in, not ready', 'ready', 'logged in'],
  ['ready', 'connection lost, pod dials again', 'lost, or probe fails'],
  ['connection lost, pod dials again', 'ready', 'opened again'],
  ['ready', 'a graceful end under way', 'stop, restart, delete, stuck, kill'],
  ['container runs, no report yet', 'pod deleted, process not reported dead', 'start_timeout'],
  ['pod shows a QR code', 'a graceful end under way', 'pairing_timeout'],
  ['connection lost, pod dials again', 'pod deleted, process not reported dead', 'stuck'],
  ['end recorded and told', 'stopped, no run', 'stopped or killed'],
  ['end recorded and told', 'waits before the next run', 'ended by itself, within the budget'],
  ['end recorded and told', 'budget of restarts used up', 'replaced, banned, budget used up'],
  ['waits before the next run', 'container runs, no report yet', 'wait over'],
  ['stopped, no run', 'new, no run yet', 'desiredState Running'],
  ['budget of restarts used up', 'new, no run yet', 'restartedAt, or stop and start'],
];
