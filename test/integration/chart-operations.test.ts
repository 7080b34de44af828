import { checkTokenFile } from '@berth/operator/check-install.ts';
import { operatorRights, type Right } from '@berth/operator/operator-rights.ts';
import { operatorAudience } from '@berth/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { type HelmChart, type Manifest, only, openHelmChart } from './helm-chart.ts';

let chart: HelmChart;
let byDefault: Manifest[];
beforeAll(async () => {
  chart = await openHelmChart();
  byDefault = await chart.render();
}, 600_000);

const ownLabels = {
  'app.kubernetes.io/name': 'berth',
  'app.kubernetes.io/instance': 'berth',
  'app.kubernetes.io/component': 'operator',
};
const ofKind = (all: readonly Manifest[], kind: string) => all.filter((each) => each.kind === kind);
const operatorPod = (all: readonly Manifest[]) => only(all, 'Deployment').spec.template;
/** Operator, drain and test: all that runs of the operator's image. */
const allPods = (all: readonly Manifest[]) => [
  operatorPod(all),
  only(all, 'Job').spec.template,
  only(all, 'Pod') as unknown as Manifest['spec']['template'],
];

describe('operators', () => {
  test('keep apart from each other, by node and by zone, where that can be', () => {
    expect(operatorPod(byDefault).spec).toMatchObject({
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: ownLabels } } },
          ],
        },
      },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: ownLabels },
        },
      ],
    });
  });

  test('are replaced one by one, never before another is there', () => {
    expect(only(byDefault, 'Deployment').spec).toMatchObject({
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
  });

  test.each([
    ['affinity', { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } }],
    [
      'topologySpreadConstraints',
      [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }],
    ],
  ])('are placed by %s where it is given, and by nothing else of its kind', async (field, value) => {
    const all = await chart.render([`${field}=${JSON.stringify(value)}`]);
    expect((operatorPod(all).spec as unknown as Record<string, unknown>)[field]).toEqual(value);
  });

  test('are evicted one at a time, if there are several', async () => {
    expect(ofKind(byDefault, 'PodDisruptionBudget')).toEqual([]);
    expect(only(await chart.render(['replicas=2']), 'PodDisruptionBudget').spec).toEqual({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: ownLabels },
    });
    const off = await chart.render(['replicas=2', 'podDisruptionBudget.enabled=false']);
    expect(ofKind(off, 'PodDisruptionBudget')).toEqual([]);
  });
});

describe('every pod of the operator’s image', () => {
  test.each([
    { set: 'nodeSelector={"disk":"fast"}', as: { spec: { nodeSelector: { disk: 'fast' } } } },
    {
      set: 'tolerations=[{"key":"berth","operator":"Exists","effect":"NoSchedule"}]',
      as: { spec: { tolerations: [{ key: 'berth', operator: 'Exists', effect: 'NoSchedule' }] } },
    },
    { set: 'priorityClassName="gold"', as: { spec: { priorityClassName: 'gold' } } },
    { set: 'podLabels={"team":"harbour"}', as: { metadata: { labels: { team: 'harbour' } } } },
    { set: 'podAnnotations={"team":"harbour"}', as: { metadata: { annotations: { team: 'harbour' } } } },
  ])('has $set', async ({ set, as }) => {
    for (const pod of allPods(await chart.render([set]))) expect(pod).toMatchObject(as);
    for (const pod of allPods(byDefault)) expect(pod).not.toMatchObject(as);
  });

  test('has the class that the chart makes, if it is to make one, and none by default', async () => {
    expect(ofKind(byDefault, 'PriorityClass')).toEqual([]);
    for (const { spec } of allPods(byDefault)) expect(spec).not.toHaveProperty('priorityClassName');

    const all = await chart.render(['priorityClasses.create=true', 'priorityClasses.operator.value=5000000']);
    expect(only(all, 'PriorityClass')).toMatchObject({ value: 5_000_000, globalDefault: false });
    for (const { spec } of allPods(all)) expect(spec).toMatchObject({ priorityClassName: 'berth-operator' });

    const named = await chart.render(['priorityClasses.create=true', 'priorityClassName="gold"']);
    for (const { spec } of allPods(named)) expect(spec).toMatchObject({ priorityClassName: 'gold' });
  });
});

describe('Prometheus', () => {
  const annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '8080',
    'prometheus.io/path': '/metrics',
  };
  const isAnnotated = (all: readonly Manifest[]) =>
    'prometheus.io/scrape' in (operatorPod(all).metadata.annotations as Record<string, string>);

  test('finds the operator’s pods by annotations', async () => {
    expect(operatorPod(byDefault).metadata.annotations).toMatchObject(annotations);
    expect(ofKind(byDefault, 'ServiceMonitor')).toEqual([]);
    expect(isAnnotated(await chart.render(['monitoring.scrapeAnnotations=false']))).toBe(false);
  });

  test('finds them by a ServiceMonitor instead, where that is asked for', async () => {
    const all = await chart.render([
      'monitoring.serviceMonitor={"enabled":true,"interval":"15s","labels":{"release":"prometheus"}}',
    ]);
    expect(isAnnotated(all)).toBe(false);
    const monitor = only(all, 'ServiceMonitor');
    expect(monitor.metadata).toMatchObject({ labels: { release: 'prometheus' }, namespace: 'berth-system' });
    expect(monitor.spec).toMatchObject({
      namespaceSelector: { matchNames: ['berth-system'] },
      endpoints: [{ port: 'metrics', path: '/metrics', interval: '15s', honorLabels: true }],
    });
    const service = only(all, 'Service') as unknown as { metadata: { labels: object } };
    expect(service.metadata.labels).toMatchObject(
      (monitor.spec.selector as { matchLabels: object } | undefined)?.matchLabels ?? {},
    );
  });
});

describe('`helm test`', () => {
  test('runs the check with the operator’s account, and a token to report with', () => {
    const pod = only(byDefault, 'Pod');
    expect(pod.metadata).toMatchObject({ annotations: { 'helm.sh/hook': 'test' } });
    expect(pod.spec).toMatchObject({
      restartPolicy: 'Never',
      serviceAccountName: 'berth-operator',
      containers: [
        {
          args: ['check'],
          image: operatorPod(byDefault).spec.containers[0].image,
          volumeMounts: [{ name: 'config' }, { name: 'token', mountPath: checkTokenFile.replace(/\/token$/, '') }],
        },
      ],
      volumes: [
        { name: 'config' },
        {
          name: 'token',
          projected: { sources: [{ serviceAccountToken: { audience: operatorAudience, path: 'token' } }] },
        },
      ],
    });
  });

  test('gets none of the reports that sessions send to the operator’s Service', () => {
    const { metadata } = only(byDefault, 'Pod') as unknown as { metadata: { labels: object } };
    expect(metadata.labels).not.toMatchObject(only(byDefault, 'Service').spec.selector ?? {});
  });

  test('asks for exactly the rights that the chart grants', () => {
    const granted = [...rightsOf('ClusterRole'), ...rightsOf('Role')];
    expect(operatorRights('berth-operator').map(inWords).sort()).toEqual(granted.map(inWords).sort());
  });

  const rightsOf = (kind: 'ClusterRole' | 'Role'): Right[] =>
    (only(byDefault, kind).rules ?? []).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) =>
            (resourceNames ?? [undefined]).map((name) => ({
              group,
              resource,
              verb,
              ...(name === undefined ? {} : { name }),
              ...(kind === 'Role' ? { inOwnNamespace: true as const } : {}),
            })),
          ),
        ),
      ),
    );
  const inWords = ({ verb, group, resource, name = '*', inOwnNamespace }: Right) =>
    `${verb} ${group}/${resource} ${name} ${inOwnNamespace ? 'here' : 'everywhere'}`;
});
