import { podApiPort } from '@berth/protocol';
import { beforeAll, expect, test } from 'vitest';
import { podManifest } from '../../operator/plan/manifests.ts';
import { aSession, planConfig } from '../builders/observed.ts';
import { type HelmChart, type Manifest, only, openHelmChart } from './helm-chart.ts';

let chart: HelmChart;
beforeAll(async () => {
  chart = await openHelmChart();
}, 600_000);

interface Rule {
  readonly from?: unknown[];
  readonly to?: unknown[];
  readonly ports?: { port: number; protocol: string }[];
}
interface Policy {
  readonly podSelector: { matchLabels: object };
  readonly policyTypes: string[];
  readonly ingress?: Rule[];
  readonly egress: Rule[];
}

const on = 'networkPolicy.enabled=true';
const named = (all: readonly Manifest[], name: string) => only(all, 'NetworkPolicy', name).spec as unknown as Policy;
const policiesIn = (all: readonly Manifest[]) => all.filter(({ kind }) => kind === 'NetworkPolicy');
const namespaceOf = ({ metadata }: Manifest) => (metadata as { namespace?: string }).namespace;
const tcp = (...ports: number[]) => ports.map((port) => ({ port, protocol: 'TCP' }));

const operatorLabels = {
  'app.kubernetes.io/name': 'berth',
  'app.kubernetes.io/instance': 'berth',
  'app.kubernetes.io/component': 'operator',
};
const testPod = { podSelector: { matchLabels: { ...operatorLabels, 'app.kubernetes.io/component': 'test' } } };
const sessionLabels = { 'app.kubernetes.io/managed-by': 'berth', 'app.kubernetes.io/name': 'whatsapp-session' };
const anySession = { namespaceSelector: {}, podSelector: { matchLabels: sessionLabels } };
const inNamespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });
const operator = { namespaceSelector: inNamespace('berth-system'), podSelector: { matchLabels: operatorLabels } };
const internet = [
  {
    ipBlock: {
      cidr: '0.0.0.0/0',
      except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'],
    },
  },
  { ipBlock: { cidr: '::/0', except: ['fc00::/7', 'fe80::/10'] } },
];
const dns = {
  to: [{ namespaceSelector: inNamespace('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
  ports: [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ],
};
const apiServer = {
  to: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }],
  ports: tcp(443, 6443),
};

test('there are none unless they are asked for', async () => {
  expect(policiesIn(await chart.render())).toEqual([]);
});

test('an operator is called by sessions, Prometheus and the test, and calls no more than it has to', async () => {
  const all = await chart.render([on]);
  const policy = named(all, 'berth-operator');
  expect(only(all, 'Deployment').spec.template.metadata.labels).toMatchObject(policy.podSelector.matchLabels);
  expect(policy).toEqual({
    podSelector: { matchLabels: operatorLabels },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      { from: [anySession, testPod], ports: tcp(8443) },
      { from: [{ namespaceSelector: inNamespace('monitoring') }, testPod], ports: tcp(8080) },
    ],
    egress: [
      dns,
      apiServer,
      { to: [anySession], ports: tcp(podApiPort) },
      {
        to: [
          ...internet,
          {
            namespaceSelector: {
              matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['berth-system'] }],
            },
          },
        ],
      },
    ],
  });
});

test('a session is called by the operator alone, and reaches no neighbour', async () => {
  const all = await chart.render([on]);
  expect(named(all, 'berth-sessions')).toEqual({
    podSelector: { matchLabels: sessionLabels },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: [operator], ports: tcp(podApiPort) }],
    egress: [dns, { to: [operator], ports: tcp(8443) }, { to: internet }],
  });
});

test('the pods of sessions have the labels that the policies go by, whatever labels a session asks for', () => {
  const labels = { 'app.kubernetes.io/name': 'mine', 'app.kubernetes.io/managed-by': 'me' };
  const { spec, ...session } = aSession();
  const pod = podManifest({ ...session, spec: { ...spec, pod: { labels } } }, planConfig);
  expect(pod.metadata.labels).toMatchObject(sessionLabels);
});

test('the drain and the test are called by nobody, and reach the API server and the operator', async () => {
  const all = await chart.render([on]);
  expect(named(all, 'berth-jobs')).toEqual({
    podSelector: {
      matchLabels: { 'app.kubernetes.io/name': 'berth', 'app.kubernetes.io/instance': 'berth' },
      matchExpressions: [{ key: 'app.kubernetes.io/component', operator: 'In', values: ['drain', 'test'] }],
    },
    policyTypes: ['Ingress', 'Egress'],
    egress: [dns, apiServer, { to: [{ podSelector: { matchLabels: operatorLabels } }], ports: tcp(8443, 8080) }],
  });
});

test('sessions of each named namespace have a policy, and receivers beside them are reached', async () => {
  const all = await chart.render([on, 'networkPolicy.session.namespaces=["team-a","team-b"]']);
  const sessions = policiesIn(all).filter(({ metadata }) => metadata.name === 'berth-sessions');
  expect(sessions.map(namespaceOf)).toEqual(['team-a', 'team-b']);
  for (const { spec } of sessions)
    expect((spec as unknown as Policy).egress).toContainEqual({ to: [operator], ports: tcp(8443) });
  expect(named(all, 'berth-operator').egress.at(-1)?.to).toContainEqual({
    namespaceSelector: {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['team-a', 'team-b'] }],
    },
  });
});

const proxy = { to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 3128 }] };
const prometheus = { namespaceSelector: inNamespace('observability'), podSelector: { matchLabels: { app: 'prom' } } };
test.each([
  {
    set: 'networkPolicy.privateCidrs=["203.0.113.0/24"]',
    see: (all: Manifest[]) => named(all, 'berth-sessions').egress.at(-1),
    as: { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['203.0.113.0/24'] } }, { ipBlock: { cidr: '::/0' } }] },
  },
  {
    set: 'networkPolicy.dns={"peers":[{"ipBlock":{"cidr":"169.254.20.10/32"}}],"ports":[5353]}',
    see: (all: Manifest[]) =>
      ['berth-operator', 'berth-jobs', 'berth-sessions'].map((name) => named(all, name).egress[0]),
    as: Array.from({ length: 3 }, () => ({
      to: [{ ipBlock: { cidr: '169.254.20.10/32' } }],
      ports: [
        { port: 5353, protocol: 'UDP' },
        { port: 5353, protocol: 'TCP' },
      ],
    })),
  },
  {
    set: 'networkPolicy.apiServer={"cidrs":["192.0.2.1/32"],"ports":[6443]}',
    see: (all: Manifest[]) => ['berth-operator', 'berth-jobs'].map((name) => named(all, name).egress[1]),
    as: Array.from({ length: 2 }, () => ({ to: [{ ipBlock: { cidr: '192.0.2.1/32' } }], ports: tcp(6443) })),
  },
  {
    set: 'networkPolicy.sinks.cidrs=["10.9.0.0/16"]',
    see: (all: Manifest[]) => named(all, 'berth-operator').egress.at(-1)?.to?.[2],
    as: { ipBlock: { cidr: '10.9.0.0/16' } },
  },
  {
    set: 'outbound.allow=["fd00::/8"]',
    see: (all: Manifest[]) => named(all, 'berth-operator').egress.at(-1)?.to?.[2],
    as: { ipBlock: { cidr: 'fd00::/8' } },
  },
  {
    set: `networkPolicy.prometheus.peers=${JSON.stringify([prometheus])}`,
    see: (all: Manifest[]) => named(all, 'berth-operator').ingress?.[1]?.from,
    as: [prometheus, testPod],
  },
  {
    set: `networkPolicy.session.extraEgress=${JSON.stringify([proxy])}`,
    see: (all: Manifest[]) => named(all, 'berth-sessions').egress.at(-1),
    as: proxy,
  },
])('$set', async ({ set, see, as }) => {
  expect(see(await chart.render([on, set]))).toEqual(as);
});
