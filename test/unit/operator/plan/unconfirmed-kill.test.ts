import { unconfirmedKill, unconfirmedKillLeftMs } from '@berth/operator/plan/unconfirmed-kill.ts';
import { expect, test } from 'vitest';
import { aNode, anObserved, aPod, aRunningSession, at, containers, nowMs } from '../../../builders/observed.ts';

const killedAgo = (seconds: number, over: Parameters<typeof anObserved>[0] = {}) =>
  anObserved({
    session: aRunningSession({}, { reason: 'force_killed', since: at(-seconds) }),
    pod: aPod({ deletionRequested: true, deletionGraceSeconds: 0 }),
    ...over,
  });

test('a kill has 15 s to be confirmed', () => {
  expect(unconfirmedKillLeftMs(killedAgo(14))).toBe(1_000);
  expect(unconfirmedKill(killedAgo(14))).toBeUndefined();
  expect(unconfirmedKill(killedAgo(15))).toContain('look at its kubelet');
});

test('a kill on a lost node is told with what to do about the node, and until when', () => {
  const node = aNode({ ready: false, readyChangedAtMs: nowMs - 20_000, lostSeenAtMs: nowMs - 20_000 });
  const message = unconfirmedKill(killedAgo(60, { node }));
  expect(message).toContain('kubectl taint node node-1 node.kubernetes.io/out-of-service');
  expect(message).toContain('in 280 s');
});

test.each([
  { name: 'a kill that the kubelet has confirmed', over: { pod: aPod({ container: containers.terminated }) } },
  { name: 'a graceful stop', over: { session: aRunningSession({}, { reason: 'stopped', since: at(-60) }) } },
  { name: 'a kill of the run before', over: { pod: aPod({ uid: 'run-2' }) } },
])('nothing is said of $name', ({ over }) => {
  expect(unconfirmedKill(killedAgo(60, over))).toBeUndefined();
});
