import { randomUUID } from 'node:crypto';
import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { claimName, path, podFinalizer } from '@berth/operator/resource/names.ts';
import { operatorAudience, type RunReport, reportPath } from '@berth/protocol';
import { describe, expect, test } from 'vitest';
import { hasKind } from '../../cluster/kind.ts';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { wedge } from '../../deployment/wedge.ts';
import { stays } from '../../integration/session-world.ts';
import { oneWorld } from '../a-world.ts';
import { processesOf } from '../node-processes.ts';
import { expectEnds, untilStuck, verdict } from '../outcome.ts';
import { setFinalizers } from '../session-pods.ts';

const isKind = await hasKind();

/** A hundredth of a processor: the process takes a minute and more to its first report. */
const slow = { pod: { resources: { requests: { cpu: '1m' }, limits: { cpu: '10m', memory: '384Mi' } } } };
/** Several seconds. */
const slowish = { pod: { resources: { requests: { cpu: '1m' }, limits: { cpu: '60m', memory: '384Mi' } } } };
const impatient = { startup: { timeoutSeconds: 4 } };

/** Sends a report as a run's own process would, from another session's pod, and gives the status of the answer. */
async function report(world: ClusterWorld, from: string, token: string, content: RunReport): Promise<number> {
  const script = `
    const { token, content } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
    const ca = require('node:fs').readFileSync(process.env.BERTH_CA_FILE);
    const headers = { 'content-type': 'application/json', authorization: 'Bearer ' + token };
    const url = new URL('${reportPath}', process.env.BERTH_OPERATOR_URL);
    const options = { method: 'POST', ca, headers, agent: false, timeout: 5000 };
    require('node:https').request(url, options, ({ statusCode }) => { console.log(statusCode); process.exit(0); })
      .on('error', (error) => { console.error(error); process.exit(1); })
      .end(JSON.stringify(content));`;
  const words = ['--namespace', world.namespace, 'exec', '--stdin', from, '--', 'node', '--eval', script];
  return Number(await kubectl(words, { input: JSON.stringify({ token, content }), timeoutMs: 30_000 }));
}

/** On a node that is not this machine nothing is seen of its processes. */
async function expectNoProcess(podUid: string): Promise<void> {
  expect(isKind ? [] : await processesOf(podUid)).toEqual([]);
}

describe.concurrent('the ghost sessions', () => {
  const world = oneWorld();

  test('a child that is slow to start is given up, all of it, and never becomes a session that nobody asked for', async () => {
    const recovery = { maxRestarts: 1, backoff: { baseSeconds: 1, maxSeconds: 1 } };
    await world().start('slow', { ...slow, ...impatient, recovery });
    const { metadata: first } = await world().untilPod('slow', 'that was made', () => true);
    await untilStuck(world(), 'slow', 'StartTimeout');
    await world().untilPodGone('slow', first.uid);
    await expectNoProcess(first.uid);
    const [end] = await world().untilEnds('slow', 1);
    expect(end?.spec).toMatchObject({ reason: 'start_timeout', terminationConfirmed: true });
    expect(end?.spec.message).toContain('StartTimeout');

    const given = await world().until('slow', 'that is given up', (it) => it.status?.phase === 'Failed');
    expect(verdict(given, 'Ready')).toBe('False RecoveryExhausted');
    const runs = (await world().ends('slow')).map(({ spec }) => spec.run.uid);
    expect(runs).toHaveLength(2);
    await stays('no pod of a session that was given up', 3_000, async () => (await world().pod('slow')) === undefined);
    await expectEnds(
      world(),
      'slow',
      runs.map((uid) => [uid, 'start_timeout'] as const),
    );
    for (const uid of runs) await expectNoProcess(uid);
  });

  test('a start that is slower than another deadline allows is in time for a longer one', async () => {
    await world().start('patient', { ...slowish, startup: { timeoutSeconds: 240 } });
    const is = 'that reported';
    const reported = await world().until('patient', is, ({ status }) => status?.report !== undefined, 240_000);
    const { status: pod } = await world().untilPod('patient', 'that runs', ({ status }) => status?.phase === 'Running');
    const startedAt = pod?.containerStatuses?.[0]?.state?.running?.startedAt;
    const tookMs = Date.parse(reported.status?.report?.stateSince ?? '') - Date.parse(startedAt ?? '');
    expect(tookMs).toBeGreaterThan(impatient.startup.timeoutSeconds * 1000);
    const { status } = await world().until('patient', 'that is not stuck', (it) => verdict(it, 'Stuck') !== undefined);
    expect(status?.conditions?.find(({ type }) => type === 'Stuck')?.status).toBe('False');
    expect(await world().ends('patient')).toEqual([]);
  });

  test('the late report of a run that was given up is refused, and changes nothing', async ({ onTestFailed }) => {
    await world().start('onlooker');
    await world().untilWaitsForPairing('onlooker');
    await world().start('late', { ...slow, ...impatient, recovery: { maxRestarts: 0 } });
    const { metadata: pod } = await world().untilPod('late', 'on its node', ({ spec }) => spec.nodeName !== undefined);
    // Keeps the object, so that the token of the child stays good for longer than the child.
    await setFinalizers(world(), 'late', [podFinalizer, 'test.berth.dev/late']);
    onTestFailed(() => setFinalizers(world(), 'late', [])); // Else it would stay for ever, and its namespace with it.
    const bound = ['--bound-object-kind=Pod', '--bound-object-name=late', `--bound-object-uid=${pod.uid}`];
    const words = ['create', 'token', 'default', `--audience=${operatorAudience}`, ...bound];
    const token = (await kubectl(['--namespace', world().namespace, ...words])).trim();
    await world().untilEnds('late', 1);

    const late: RunReport = {
      runUid: pod.uid,
      sequence: 1,
      state: 'ready',
      stateSince: new Date().toISOString(),
      reconnects: 0,
      certificateSha256: 'ab'.repeat(32),
    };
    expect(await report(world(), 'onlooker', token, late)).toBe(410);
    expect(await report(world(), 'onlooker', token, { ...late, runUid: randomUUID() })).toBe(403);
    expect((await world().session('late'))?.status?.report).toBeUndefined();
    await setFinalizers(world(), 'late', []);
    await world().until('late', 'that is given up', ({ status }) => status?.phase === 'Failed');
    await expectEnds(world(), 'late', [[pod.uid, 'start_timeout']]);
  });

  test('cleaning up waits for the real exit, and is done although the exit came late', async () => {
    const { runUid } = await world().startPaired('slow-to-die');
    await wedge(world().namespace, 'slow-to-die');
    await world().remove('slow-to-die');
    const claimPath = path.claim(world().namespace, claimName('slow-to-die'));
    await waitUntil('removal of session "slow-to-die"', 60_000, async () => {
      // The claim first: what is seen of the pod after it is later than it.
      const claim = await world()
        .client.request<{ metadata: { deletionTimestamp?: string } }>({ method: 'GET', path: claimPath })
        .catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        });
      const [container] = (await world().pod('slow-to-die'))?.status?.containerStatuses ?? [];
      const lives = container?.state !== undefined && 'running' in container.state;
      const isCleaning = claim === undefined || claim.metadata.deletionTimestamp !== undefined;
      if (isCleaning && lives) throw new Error('The claim was cleaned up while the process still lived');
      return (await world().session('slow-to-die')) === undefined && claim === undefined
        ? { value: undefined }
        : { seen: JSON.stringify({ lives, claim }) };
    });
    const [end] = await world().ends('slow-to-die');
    expect(end?.spec).toMatchObject({ reason: 'deleted', terminationConfirmed: true });
    await expectNoProcess(runUid);
    await expectEnds(world(), 'slow-to-die', [[runUid, 'deleted']]);
  });
});
