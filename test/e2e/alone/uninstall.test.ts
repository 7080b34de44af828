import { afterAll, expect, inject, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { type ClusterWorld, sinkPath } from '../../deployment/cluster-world.ts';
import { berthNamespace, installBerth, uninstallBerth } from '../../deployment/install-berth.ts';
import { kubectl, tryKubectl } from '../../deployment/kubectl.ts';
import { aWorld } from '../a-world.ts';
import { deviceOf, expectEnds, expectSameLogin } from '../outcome.ts';

// Whatever became of the test, the other files need Berth.
afterAll(() => installBerth(inject('standIns')), 120_000);

const names = Array.from({ length: 10 }, (_, at) => `kept-${at + 1}`);
/** One of them, whose receiver hangs while Berth is uninstalled. */
const deaf = 'kept-10';
const secondsSince = (startedAtMs: number) => ((performance.now() - startedAtMs) / 1000).toFixed(1);

test('`helm uninstall` ends every run as shutdown and lets go of everything; installed again, sessions are ready without a QR', async () => {
  const world = await aWorld();
  const doomed = await aWorld();
  const paired = new Map<string, { phone: string; device: string; runUid: string }>();
  await world.start('waits');
  await world.start('told');
  const [told, waits, unpaired] = await Promise.all([
    world.untilWaitsForPairing('told'),
    world.untilWaitsForPairing('waits'),
    doomed.start('doomed').then(() => doomed.untilWaitsForPairing('doomed')),
    ...names.map(async (name) => {
      const { phone, runUid } = await world.startPaired(name);
      paired.set(name, { phone, runUid, device: await deviceOf(world, phone) });
    }),
  ]);
  await world.patch('told', { desiredState: 'Stopped' });
  await expectEnds(world, 'told', [[told, 'stopped']]);
  const { receiver } = world.standIns;
  for (const path of [sinkPath(world.namespace, deaf), sinkPath(doomed.namespace, 'doomed')])
    await receiver.behave(path, { kind: 'hang' });
  await world.start('starting');
  const starting = (await world.untilPod('starting', 'that is made', () => true)).metadata.uid;

  const uninstalledAtMs = performance.now();
  await uninstallBerth();
  console.log(`helm uninstall with ${names.length + 3} runs took ${secondsSince(uninstalledAtMs)} s`);

  const runs: [name: string, runUid: string][] = [...paired].map(([name, { runUid }]) => [name, runUid]);
  for (const [name, runUid] of [...runs, ['waits', waits], ['starting', starting]] as const) {
    expect(await world.pod(name)).toBeUndefined();
    const ends = await world.ends(name);
    expect(ends.map(({ spec }) => [name, spec.run.uid, spec.reason, spec.terminationConfirmed])).toEqual([
      [name, runUid, 'shutdown', true],
    ]);
    if (name !== deaf) await expectEnds(world, name, [[runUid, 'shutdown']]);
  }
  await expectEnds(world, 'told', [[told, 'stopped']]); // It was over before, and so there is no more to tell.
  expect(await world.receivedEnds(deaf)).toEqual([]);
  expect(await heldByBerth()).toEqual([]);
  expect(await claimsOf(world)).toEqual(['starting', 'told', 'waits', ...names].map((name) => `${name}-data`).sort());
  const { stdout } = await tryKubectl([
    '--namespace',
    berthNamespace,
    'get',
    'deployments,services,jobs',
    '--output=name',
  ]);
  expect(stdout).toBe('');

  // Nothing of ours keeps a session, or a namespace with one and with an end that nobody took, while there is no operator.
  await doomed.start('unseen');
  await doomed.remove('unseen');
  await doomed.untilGone('unseen');
  expect((await doomed.ends('doomed')).map(({ spec }) => [spec.run.uid, spec.reason])).toEqual([
    [unpaired, 'shutdown'],
  ]);
  await removeNamespace(doomed.namespace);

  const installedAtMs = performance.now();
  await installBerth(world.standIns);
  await Promise.all(runs.map(([name, runUid]) => world.untilReady(name, runUid)));
  console.log(`${names.length} sessions were ready ${secondsSince(installedAtMs)} s after the next install began`);
  for (const [name, { phone, device }] of paired) await expectSameLogin(world, name, phone, device);
  await world.untilWaitsForPairing('waits', waits);

  await receiver.behave(sinkPath(world.namespace, deaf), { kind: 'status' });
  await expectEnds(world, deaf, [[paired.get(deaf)?.runUid ?? '', 'shutdown']]);
}, 400_000);

/** What carries a finalizer of ours, in whichever namespace. */
async function heldByBerth(): Promise<string[]> {
  const kinds = 'whatsappsessions,sessionends,pods,persistentvolumeclaims,configmaps,secrets,leases,roles,rolebindings';
  const line = '{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.finalizers}{"\\n"}{end}';
  const lines = (await kubectl(['get', kinds, '--all-namespaces', `--output=jsonpath=${line}`])).split('\n');
  return lines.filter((each) => each.includes('berth.dev/'));
}

async function claimsOf({ namespace }: ClusterWorld): Promise<string[]> {
  const words = [
    '--namespace',
    namespace,
    'get',
    'persistentvolumeclaims',
    '--output=jsonpath={.items[*].metadata.name}',
  ];
  return (await kubectl(words)).split(' ').sort();
}

async function removeNamespace(name: string): Promise<void> {
  await kubectl(['delete', 'namespace', name, '--wait=false']);
  await waitUntil(`removal of namespace "${name}"`, 60_000, async () => {
    const left = await kubectl(['get', 'namespace', name, '--ignore-not-found', '--output=json']);
    return left === '' ? { value: undefined } : { seen: left };
  });
}
