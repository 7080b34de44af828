import { path } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { ensureScriptedNode, type ScriptedNode } from '../fakes/scripted-node.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type Pod, type SessionWorld, stays } from './session-world.ts';

let server: TestApiServer;
let operator: OperatorProcess;

beforeAll(async () => {
  server = await startApiServer();
}, 120_000);
afterAll(async () => {
  await server?.stop();
});

/** An operator with another fence timeout for the tests beside it. */
function fencedBy(fenceSeconds: number): void {
  beforeAll(async () => {
    operator = await startOperatorProcess({ kubeconfig: server.kubeconfigPath, config: { fenceSeconds } });
  }, 60_000);
  afterAll(async () => {
    await operator?.terminate();
  });
}

interface TwoNodes {
  readonly world: SessionWorld;
  /** The node that the session's first run is on, and its kubelet. */
  readonly node: ScriptedNode;
  readonly kubelet: ScriptedKubelet;
  readonly pod: Pod;
  /** Cuts the node off, and lets another one take what is bound next. */
  lose(how: () => Promise<void>): Promise<void>;
}

/** A session that runs on a node of its own. */
async function aSessionOnANode(name: string): Promise<TwoNodes> {
  const world = await createSessionWorld(server.kubeconfigPath, 'fencing');
  const node = await ensureScriptedNode(world.client, `${world.namespace}-a`);
  const kubelet = startScriptedKubelet(world.client, world.namespace, node.name);
  const kubelets = [kubelet];
  onTestFinished(async () => {
    await Promise.all(kubelets.map((each) => each.stop()));
    await world.close();
  });
  await world.apply(name, { recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } } });
  const pod = await world.untilPod(name, 'that runs', ({ status }) => status?.phase === 'Running');
  await world.until(name, 'with a run', ({ status }) => status?.run?.uid === pod.metadata.uid);
  return {
    world,
    node,
    kubelet,
    pod,
    async lose(how) {
      kubelet.cutOff();
      kubelets.push(startScriptedKubelet(world.client, world.namespace, `${world.namespace}-b`));
      await how();
    },
  };
}

const endsOf = async (world: SessionWorld, name: string) =>
  (await world.ends(name)).map(({ spec }) => [spec.run.uid, spec.reason, spec.terminationConfirmed]);

/** Nothing has ended, and the pod is the one that it was. */
const isUntouched = async ({ world, pod }: TwoNodes, name: string) =>
  (await world.ends(name)).length === 0 && (await world.pod(name))?.metadata.uid === pod.metadata.uid;

const anotherPod = ({ world, pod, node }: TwoNodes, name: string) =>
  world.untilPod(
    name,
    'of the next run, elsewhere',
    ({ metadata, spec, status }) =>
      metadata.uid !== pod.metadata.uid && spec.nodeName !== node.name && status?.phase === 'Running',
  );

describe('beyond the fence timeout', () => {
  fencedBy(3);

  test('a kill on an unreachable node is recorded as not confirmed, the pod is let go, and the next run starts elsewhere', async () => {
    const nodes = await aSessionOnANode('kim');
    const { world, node, pod } = nodes;
    await nodes.lose(() => node.say('Unknown'));
    await world.patch('kim', { desiredState: 'Killed' });
    await stays('the pod of a kill that nobody confirms', 2_000, () => isUntouched(nodes, 'kim'));
    await world.until('kim', 'that is killed', ({ status }) => status?.lastEnd?.reason === 'force_killed');
    expect(await endsOf(world, 'kim')).toEqual([[pod.metadata.uid, 'force_killed', false]]);
    expect(await world.pod('kim')).toBeUndefined();
    await world.patch('kim', { desiredState: 'Running' });
    await anotherPod(nodes, 'kim');
    expect(await world.ends('kim')).toHaveLength(1);
  });

  test.each([
    { name: 'una', how: 'does not answer', lose: (node: ScriptedNode) => node.say('Unknown') },
    { name: 'noa', how: 'is not ready', lose: (node: ScriptedNode) => node.say('False') },
    { name: 'odo', how: 'has lost its object', lose: (node: ScriptedNode) => node.remove() },
  ])(
    'a run on a node that $how is given up as node_lost, and the next one starts elsewhere',
    async ({ name, lose }) => {
      const nodes = await aSessionOnANode(name);
      const { world, node, pod } = nodes;
      await nodes.lose(() => lose(node));
      await stays('the run on a lost node', 2_000, () => isUntouched(nodes, name));
      const next = await anotherPod(nodes, name);
      expect(await endsOf(world, name)).toEqual([[pod.metadata.uid, 'node_lost', false]]);
      const { status } = await world.until(name, 'with its next run', (session) => session.status?.run !== undefined);
      expect(status?.run?.uid).toBe(next.metadata.uid);
      expect(status?.lastEnd).toMatchObject({ terminationConfirmed: false });
      expect(status?.lastEnd?.unconfirmedAt).toBeDefined();
    },
  );

  test('a node that comes back later does not end the next run, and its end is not told twice', async () => {
    const nodes = await aSessionOnANode('lea');
    const { world, node, kubelet } = nodes;
    await nodes.lose(() => node.say('Unknown'));
    const next = await anotherPod(nodes, 'lea');
    kubelet.comeBack();
    await node.say('True');
    await waitUntil('end of the process on the node that was lost', 5_000, async () => {
      const [first] = kubelet.processes;
      return first?.endedAtMs === undefined ? { seen: 'it lives' } : { value: true };
    });
    await stays('the next run', 1_000, async () => (await world.pod('lea'))?.metadata.uid === next.metadata.uid);
    expect(await world.ends('lea')).toHaveLength(1);
  });

  test('a node that is back in time loses nothing', async () => {
    const nodes = await aSessionOnANode('ben');
    const { node, kubelet } = nodes;
    await nodes.lose(() => node.say('Unknown'));
    await stays('the run on a lost node', 1_000, () => isUntouched(nodes, 'ben'));
    kubelet.comeBack();
    await node.say('True');
    await stays('the run on a node that is back', 4_000, () => isUntouched(nodes, 'ben'));
    expect(kubelet.processes.map(({ endedAtMs }) => endedAtMs)).toEqual([undefined]);
  });

  test('a session that is deleted while its node is lost goes once the fence timeout is over', async () => {
    const nodes = await aSessionOnANode('dan');
    const { world, node, pod } = nodes;
    await nodes.lose(() => node.say('Unknown'));
    await world.remove('dan');
    await world.untilGone('dan');
    expect(await endsOf(world, 'dan')).toEqual([[pod.metadata.uid, 'deleted', false]]);
    expect(await world.pod('dan')).toBeUndefined();
  });
});

describe('within the fence timeout', () => {
  fencedBy(3_600);

  test('a node that is declared out of service is presumed dead at once', async () => {
    const nodes = await aSessionOnANode('tom');
    const { world, node, pod } = nodes;
    await nodes.lose(() => node.say('Unknown'));
    await stays('the run on a lost node', 1_000, () => isUntouched(nodes, 'tom'));
    await node.putOutOfService();
    await anotherPod(nodes, 'tom');
    expect(await endsOf(world, 'tom')).toEqual([[pod.metadata.uid, 'node_lost', false]]);
  });

  test('a kill that is not confirmed is told in one Warning, and confirmed when the node is back', async () => {
    const nodes = await aSessionOnANode('una');
    const { world, node, kubelet, pod } = nodes;
    await nodes.lose(() => node.say('Unknown'));
    await world.patch('una', { desiredState: 'Killed' });
    const warnings = async () => {
      const list = await world.client.request<{ items: { type: string; reason: string; message: string }[] }>({
        method: 'GET',
        path: path.events(world.namespace),
      });
      return list.items.filter(({ reason }) => reason === 'ForceKillUnconfirmed');
    };
    await waitUntil('the Warning of a kill that nobody confirms', 25_000, async () => {
      const [first] = await warnings();
      return first === undefined ? { seen: 'none' } : { value: first };
    });
    expect(await isUntouched(nodes, 'una')).toBe(true);
    await operator.kill(); // The next leader knows that it was told.
    operator = await startOperatorProcess({ kubeconfig: server.kubeconfigPath, config: { fenceSeconds: 3_600 } });
    await stays('one Warning, no end and no other run', 3_000, () => isUntouched(nodes, 'una'));
    expect(await warnings()).toMatchObject([{ type: 'Warning', message: expect.stringContaining(node.name) }]);
    kubelet.comeBack();
    await node.say('True');
    await world.until('una', 'that is killed', ({ status }) => status?.lastEnd?.reason === 'force_killed');
    expect(await endsOf(world, 'una')).toEqual([[pod.metadata.uid, 'force_killed', true]]);
  }, 60_000);

  test('a run that ended because its machine was started anew ends as node_lost, confirmed', async () => {
    const { world, node, kubelet, pod } = await aSessionOnANode('ria');
    await world.patch('ria', { termination: { gracePeriodSeconds: 20 } }); // Whatever the leader writes next names the start.
    await world.until(
      'ria',
      'whose run knows the start of its machine',
      ({ status }) => status?.run?.bootId !== undefined,
    );
    await node.startAnew();
    await kubelet.crash('ria');
    await world.untilEnds('ria', 1);
    expect(await endsOf(world, 'ria')).toEqual([[pod.metadata.uid, 'node_lost', true]]);
  });
});
