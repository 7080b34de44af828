import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { hasKind } from '../../cluster/kind.ts';
import { listenScript } from '../../cluster/listen-script.ts';
import { bridge } from '../../cluster/network.ts';
import { startOutsideHost, stopOutsideHost } from '../../cluster/outside-host.ts';
import { clusterDir } from '../../cluster/paths.ts';
import { firewallSets, startPolicyEnforcement, stopPolicyEnforcement } from '../../cluster/policy-enforcement.ts';
import { processesIn } from '../../cluster/processes.ts';
import { waitUntil } from '../../cluster/wait-until.ts';
import { devImage } from '../../deployment/dev-image.ts';
import { startImagePod } from '../../deployment/image-pod.ts';
import { berthNamespace, installBerth, operator, release } from '../../deployment/install-berth.ts';
import { helm, kubectl } from '../../deployment/kubectl.ts';
import { networkTraces } from '../../deployment/node-traces.ts';
import { serviceAddress } from '../../deployment/reach-service.ts';
import { connectFrom, connectFromNode, podAddress, type Source } from '../../deployment/reachability.ts';
import { oneWorld } from '../a-world.ts';
import { expectEnds, killed } from '../outcome.ts';

/** The network of kind, or what enforces policies in it, is not ours to take away again. */
const isKind = await hasKind();

/** One of those that are kept for documentation: nobody's on the internet, and in none of networkPolicy.privateCidrs. */
const publicAddress = '198.51.100.1';
const privateAddress = '10.77.0.1';
const metadataAddress = '169.254.169.254';
const outsidePort = 443;
/** On which the pods that belong to nobody here listen. */
const podPort = 7000;
/** As networkPolicy.dns.peers and the like take them. */
const addressBlock = (address: string) => ({ ipBlock: { cidr: `${address}/32` } });
const standIns = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'berth-test' } },
  podSelector: { matchLabels: { 'app.kubernetes.io/name': 'stand-ins' } },
};

/** Whom everybody reaches whom no policy fences in: proof that somebody is there where a session is refused. */
const open = [
  'DNS',
  'the stand-in for WhatsApp',
  'a receiver',
  'the internet',
  'a private network',
  'the metadata service',
  'a pod beside sessions',
  'Prometheus',
  'the kubelet',
  'the API server',
  'the Service of the API server',
];

describe.skipIf(isKind)('with networkPolicy.enabled on a network that enforces it', () => {
  const sessions = oneWorld();
  const monitoring = oneWorld();
  /** Whom connections are tried to, as host:port, by what it is. */
  const targets: Record<string, string> = {};
  const from = {
    session: (): Source => ({ namespace: sessions().namespace, pod: 'pod/one' }),
    besideSessions: (): Source => ({ namespace: sessions().namespace, pod: 'pod/neighbour' }),
    prometheus: (): Source => ({ namespace: monitoring().namespace, pod: 'pod/prometheus' }),
    standIns: (): Source => ({ namespace: 'berth-test', pod: 'deployment/stand-ins' }),
    operator: (): Source => ({ namespace: operator.namespace, pod: `deployment/${operator.name}` }),
  };
  let before: string[] = [];

  beforeAll(async () => {
    before = await networkTraces();
    await Promise.all([
      startOutsideHost(clusterDir, [publicAddress, privateAddress, metadataAddress], outsidePort),
      startListener(sessions().namespace, 'neighbour'),
      startListener(monitoring().namespace, 'prometheus'),
    ]);
    await startPolicyEnforcement(clusterDir);
    const apiServer = await addressOfApiServer();
    Object.assign(targets, {
      DNS: `${bridge.address}:53`,
      'the reports of Berth': `${operator.name}.${berthNamespace}.svc.cluster.local:8443`,
      'the metrics of Berth': `${operator.name}.${berthNamespace}.svc.cluster.local:8080`,
      'the stand-in for WhatsApp': 'stand-ins.berth-test.svc.cluster.local:80',
      'a receiver': 'stand-ins.berth-test.svc.cluster.local:7090',
      'the internet': `${publicAddress}:${outsidePort}`,
      'a private network': `${privateAddress}:${outsidePort}`,
      'the metadata service': `${metadataAddress}:${outsidePort}`,
      'a pod beside sessions': `${await podAddress(sessions().namespace, 'neighbour')}:${podPort}`,
      Prometheus: `${await podAddress(monitoring().namespace, 'prometheus')}:${podPort}`,
      'the kubelet': `${bridge.address}:${await portOfKubelet()}`,
      'the API server': apiServer,
      'the Service of the API server': `${await serviceAddress('default', 'kubernetes')}:443`,
    });
    await installBerth(inject('standIns'), [
      'networkPolicy.enabled=true',
      `networkPolicy.dns.peers=${JSON.stringify([addressBlock(bridge.address)])}`,
      `networkPolicy.apiServer.cidrs=${JSON.stringify([`${bridge.address}/32`, `${await serviceAddress('default', 'kubernetes')}/32`])}`,
      `networkPolicy.apiServer.ports=${JSON.stringify([443, Number(apiServer.split(':')[1])])}`,
      `networkPolicy.prometheus.peers=${JSON.stringify([{ namespaceSelector: named(monitoring().namespace) }])}`,
      `networkPolicy.session.namespaces=${JSON.stringify([sessions().namespace])}`,
      `networkPolicy.session.extraEgress=${JSON.stringify([{ to: [standIns], ports: [{ port: 7080 }] }])}`,
      `networkPolicy.sinks.peers=${JSON.stringify([standIns])}`,
    ]);
  }, 900_000); // The first time kube-router is built.

  // Whatever became of the tests, the other files need a cluster without it, and Berth as it was.
  afterAll(async () => {
    try {
      await stopPolicyEnforcement(clusterDir);
    } finally {
      await stopOutsideHost(clusterDir);
      await installBerth(inject('standIns'));
    }
  }, 120_000);

  test('sessions are paired, report, and reach WhatsApp', async () => {
    await Promise.all([sessions().start('one'), sessions().start('two')]);
    await Promise.all(['one', 'two'].map((name) => sessions().untilWaitsForPairing(name)));
    for (const name of ['one', 'two']) await untilFenced({ namespace: sessions().namespace, pod: `pod/${name}` });
    await untilFenced(from.operator());
    await sessions().pair('one');
    targets['this session'] = `${await podAddress(sessions().namespace, 'one')}:8443`;
    targets['another session'] = `${await podAddress(sessions().namespace, 'two')}:8443`;
  });

  test.each([
    {
      who: 'a session reaches DNS, Berth, WhatsApp and the internet, and no neighbour of any kind',
      source: from.session,
      // Nothing keeps it from itself.
      reaches: ['DNS', 'the reports of Berth', 'the stand-in for WhatsApp', 'the internet', 'this session'],
    },
    {
      who: 'the operator reaches sessions, the API server, receivers and pods beside sessions, and nothing private besides',
      source: from.operator,
      reaches: [
        'DNS',
        'the stand-in for WhatsApp',
        'a receiver',
        'the internet',
        'a pod beside sessions',
        'the API server',
        'the Service of the API server',
        'this session',
        'another session',
      ],
    },
    {
      who: 'Prometheus reaches the metrics of Berth, and neither its reports nor a session',
      source: from.prometheus,
      reaches: ['the metrics of Berth', ...open],
    },
    {
      who: 'a pod beside sessions reaches neither Berth nor a session, but all that they may not reach',
      source: from.besideSessions,
      reaches: open,
    },
    {
      who: 'a pod of another namespace reaches neither Berth nor a session',
      source: from.standIns,
      reaches: open,
    },
  ])('$who', async ({ source, reaches }) => {
    const answerOf = (name: string) => (reaches.includes(name) ? 'connected' : 'refused');
    const wanted = Object.fromEntries(Object.keys(targets).map((name) => [name, answerOf(name)]));
    expect(await connectFrom(source(), targets)).toEqual(wanted);
  });

  test('the node reaches Berth and sessions, as the probes of the kubelet have to', async () => {
    const podOfOperator = [
      'get',
      'pods',
      '--selector',
      operator.selector,
      '--output=jsonpath={.items[0].status.podIP}',
    ];
    const address = await kubectl(['--namespace', operator.namespace, ...podOfOperator]);
    const probed = { Berth: `${address}:8080`, session: targets['this session'] ?? '' };
    expect(await connectFromNode(probed)).toEqual({ Berth: 'connected', session: 'connected' });
  });

  test('`helm test` finds nothing wrong', async () => {
    const words = ['test', release, '--namespace', berthNamespace, '--timeout=60s'];
    expect(await helm(words, { timeoutMs: 90_000 })).toMatchObject({ status: 0 });
  });

  test('a session that is killed and one that is stopped are over, and their receiver is told', async () => {
    const uidOf = async (name: string) => (await sessions().session(name))?.status?.run?.uid ?? '';
    const [one, two] = await Promise.all([uidOf('one'), uidOf('two')]);
    await sessions().patch('two', { desiredState: 'Stopped' });
    await killed(sessions(), 'one', one);
    await expectEnds(sessions(), 'one', [[one, 'force_killed']]);
    await expectEnds(sessions(), 'two', [[two, 'stopped']]);
    expect((await sessions().ends('two'))[0]?.spec).toMatchObject({ terminationConfirmed: true });
  });

  test('what enforces the policies leaves nothing on the node, even when it was killed', async () => {
    await processesIn(clusterDir).signal('kube-router', 'SIGKILL');
    expect(await firewallSets()).not.toEqual([]);
    await stopPolicyEnforcement(clusterDir);
    await stopOutsideHost(clusterDir);
    expect(await networkTraces()).toEqual(before);
  });
});

const named = (namespace: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': namespace } });

async function startListener(namespace: string, name: string): Promise<void> {
  const command = ['node', '--eval', listenScript(podPort)];
  await startImagePod({ namespace, name, image: devImage('test-stand-ins'), command });
}

/** Waits until a pod is refused what no policy allows it, and is not what one does: a new one is open for up to a second. */
async function untilFenced(source: Source): Promise<void> {
  const probed = {
    'a private network': `${privateAddress}:${outsidePort}`,
    'the internet': `${publicAddress}:${outsidePort}`,
  };
  await waitUntil(`enforcement of policies on ${source.pod}`, 30_000, async () => {
    const seen = await connectFrom(source, probed);
    const isFenced = seen['a private network'] === 'refused' && seen['the internet'] === 'connected';
    return isFenced ? { value: undefined } : { seen: JSON.stringify(seen) };
  });
}

async function addressOfApiServer(): Promise<string> {
  const words = ['config', 'view', '--minify', '--output=jsonpath={.clusters[0].cluster.server}'];
  return new URL(await kubectl(words)).host;
}

const portOfKubelet = () =>
  kubectl(['get', 'nodes', '--output=jsonpath={.items[0].status.daemonEndpoints.kubeletEndpoint.Port}']);
