import type { ObservedSession } from '@berth/operator/plan/observed.ts';
import { tellTransitions } from '@berth/operator/publish/transitions.ts';
import { createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { metricsOf } from '../../../builders/metrics.ts';
import { aRunningSession, aSession, at } from '../../../builders/observed.ts';

/** Shows a leader, or another replica, one state of alice after the other, and gives the restarts that it counted. */
async function restartsIn(states: readonly ObservedSession[], { isLeader = true } = {}): Promise<string[]> {
  const sessions = createSlimCache<ObservedSession>({ slim: (raw) => raw as unknown as ObservedSession });
  const metrics = metricsOf();
  const events = { record: () => undefined, flush: async () => undefined };
  tellTransitions({ sessions, events, metrics, isLeader: () => isLeader });
  for (const [index, state] of states.entries())
    sessions.apply('MODIFIED', { ...state, resourceVersion: String(100 + index) });
  const text = await metrics.registry.getSingleMetricAsString('berth_session_restarts_total');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const run = (number: number) => ({ uid: `run-${number}`, number, startedAt: at(0) });
const crashed = { runUid: 'run-1', number: 1, reason: 'crashed', at: at(0), terminationConfirmed: true } as const;
const restarted = aSession({ status: { run: run(2), lastEnd: crashed } });

test('a run that follows another one is counted once, by the reason of the end before', async () => {
  const states = [aRunningSession(), aSession({ status: { lastEnd: crashed } }), restarted, restarted];
  expect(await restartsIn(states)).toEqual(['berth_session_restarts_total{engine="Baileys",reason="crashed"} 1']);
});

test.each([
  { what: 'a first run', states: [aSession(), aRunningSession()], isLeader: true },
  { what: 'a run that was under way when the operator started', states: [restarted], isLeader: true },
  { what: 'what another replica leads', states: [aRunningSession(), restarted], isLeader: false },
  {
    what: 'a session that was created anew under the same name',
    states: [aRunningSession(), { ...restarted, uid: 'session-2' }],
    isLeader: true,
  },
])('$what is no restart', async ({ states, isLeader }) => {
  expect(await restartsIn(states, { isLeader })).toEqual([]);
});
