import type { WhatsAppSession, WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld, stays } from './session-world.ts';

let server: TestApiServer;
let operator: OperatorProcess;
let world: SessionWorld;
let kubelet: ScriptedKubelet;

beforeAll(async () => {
  server = await startApiServer();
  world = await createSessionWorld(server.kubeconfigPath, 'recovery');
  kubelet = startScriptedKubelet(world.client, world.namespace); // Its pods run, and never report.
  operator = await startOperatorProcess({ kubeconfig: server.kubeconfigPath });
}, 120_000);

afterAll(async () => {
  await operator?.terminate();
  await kubelet?.stop();
  await world?.close();
  await server?.stop();
});

const silent = (recovery: NonNullable<WhatsAppSessionSpec['recovery']>): Partial<WhatsAppSessionSpec> => ({
  startup: { timeoutSeconds: 1 },
  recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 }, ...recovery },
});
const condition = ({ status }: WhatsAppSession, type: string) => status?.conditions?.find((each) => each.type === type);
/** What Prometheus would scrape now. */
const scrape = async () => (await fetch(`${operator.healthUrl}/metrics`)).text();
const reasons = async (name: string) => (await world.ends(name)).map(({ spec }) => spec.reason);

describe('a run that never reports', () => {
  test('is given up as start_timeout, tried again within the budget, then given up for good until somebody asks', async () => {
    await world.apply('sue', silent({ maxRestarts: 2 }));
    const stuck = await world.until(
      'sue',
      'that is stuck',
      (session) => condition(session, 'Stuck')?.status === 'True',
    );
    expect(condition(stuck, 'Stuck')).toMatchObject({ reason: 'StartTimeout' });
    expect(condition(stuck, 'Stuck')?.message).toContain('another one started, 2 times in a row at most');
    const failed = await world.until('sue', 'that is given up', ({ status }) => status?.phase === 'Failed', 30_000);
    expect(condition(failed, 'Ready')).toMatchObject({ status: 'False', reason: 'RecoveryExhausted' });
    expect(condition(failed, 'Stuck')).toMatchObject({ status: 'False' });
    expect(failed.status?.recovery).toEqual({ restarts: 2, held: 'exhausted' });
    expect(await reasons('sue')).toEqual(['start_timeout', 'start_timeout', 'start_timeout']);
    expect((await world.ends('sue')).map(({ spec }) => spec.message)).toEqual(
      Array(3).fill(expect.stringContaining('StartTimeout: The container runs, and the pod has not reported yet')),
    );
    await stays('no run of a session that was given up', 2_000, async () => (await world.pod('sue')) === undefined);
    await world.patch('sue', { restartedAt: new Date().toISOString() });
    await world.untilPod(
      'sue',
      'of the next run',
      ({ metadata }) => metadata.annotations?.['berth.dev/run-number'] === '4',
    );
  });

  test('is ended and not followed by another one where the policy is Stop', async () => {
    await world.apply('stan', silent({ policy: 'Stop' }));
    const failed = await world.until('stan', 'that stays down', ({ status }) => status?.phase === 'Failed', 30_000);
    expect(failed.status?.recovery).toEqual({ restarts: 0, held: 'policy' });
    expect(await reasons('stan')).toEqual(['start_timeout']);
    await stays('no run under the policy Stop', 2_000, async () => (await world.pod('stan')) === undefined);
  });

  test('is only marked where the policy is None', async () => {
    await world.apply('nora', silent({ policy: 'None' }));
    const stuck = await world.until(
      'nora',
      'that is stuck',
      (session) => condition(session, 'Stuck')?.status === 'True',
    );
    expect(condition(stuck, 'Stuck')?.message).toContain('spec.recovery.policy is None');
    const labels = `namespace="${world.namespace}",session="nora",reason="StartTimeout"`;
    await expect.poll(scrape, { timeout: 5_000 }).toContain(`\nberth_session_stuck{${labels}} 1\n`);
    const uid = stuck.status?.run?.uid;
    await stays('its run', 2_000, async () => (await world.pod('nora'))?.metadata.uid === uid);
    expect(await reasons('nora')).toEqual([]);
  });
});

test('the next run starts only after the stuck one is confirmed dead', async () => {
  await world.apply('dan', silent({ maxRestarts: 2 }));
  await world.until('dan', 'that is given up', ({ status }) => status?.phase === 'Failed', 30_000);
  const runs = kubelet.processes.filter(({ podName }) => podName === 'dan');
  expect(runs).toHaveLength(3);
  for (const [index, run] of runs.slice(1).entries())
    expect(run.startedAtMs).toBeGreaterThan(runs[index]?.endedAtMs ?? Number.POSITIVE_INFINITY);
  const labels = `namespace="${world.namespace}",session="dan",reason="RecoveryExhausted"`;
  await expect.poll(scrape, { timeout: 5_000 }).toContain(`\nberth_session_failed{${labels}} 1\n`);
  expect(await scrape()).toMatch(/^berth_session_restarts_total\{engine="Baileys",reason="start_timeout"\} [1-9]/m);
});
