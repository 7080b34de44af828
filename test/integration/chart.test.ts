import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../operator/config.ts';
import { projectDir } from '../cluster/paths.ts';
import { chartDir, type HelmChart, type Manifest, only, openHelmChart } from './helm-chart.ts';

let chart: HelmChart;
beforeAll(async () => {
  chart = await openHelmChart();
}, 600_000);

const operatorOf = (manifests: readonly Manifest[]) => only(manifests, 'Deployment').spec.template.spec;
const configOf = (manifests: readonly Manifest[]) =>
  JSON.parse(only(manifests, 'ConfigMap').data?.['config.json'] ?? '') as unknown;

test('helm lint has nothing to say', async () => {
  expect(await chart.helm('lint', '--strict', chartDir)).toContain('0 chart(s) failed');
});

describe('the default install', () => {
  let manifests: Manifest[];
  beforeAll(async () => {
    manifests = await chart.render();
  });

  test('has these objects', () => {
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      'ClusterRole berth-operator',
      'ClusterRoleBinding berth-operator',
      'ConfigMap berth-operator',
      'CustomResourceDefinition sessionends.berth.dev',
      'CustomResourceDefinition whatsappsessions.berth.dev',
      'Deployment berth-operator',
      'Job berth-drain',
      'Pod berth-test',
      'Role berth-operator',
      'RoleBinding berth-operator',
      'Service berth-operator',
      'ServiceAccount berth-operator',
    ]);
  });

  test('gives the operator a configuration that it accepts', () => {
    expect(parseConfig(configOf(manifests), 'operator-1', 'info')).toMatchObject({
      namespace: 'berth-system',
      leaseName: 'berth-operator',
      plan: {
        drainMs: 2_000,
        images: {
          Baileys: 'berth.dev/session-baileys:0.1.0',
          WhatsAppWebJS: 'berth.dev/session-whatsapp-web-js:0.1.0',
        },
        imagePullPolicy: 'IfNotPresent',
      },
    });
  });

  test('keeps the definitions when it goes', () => {
    for (const { metadata } of manifests.filter(({ kind }) => kind === 'CustomResourceDefinition'))
      expect(metadata).toMatchObject({ annotations: { 'helm.sh/resource-policy': 'keep' } });
  });

  test('sends reports to operators only, not to a drain', () => {
    const { selector, ports } = only(manifests, 'Service').spec;
    expect(only(manifests, 'Deployment').spec.template.metadata.labels).toMatchObject(selector ?? {});
    expect(only(manifests, 'Job').spec.template.metadata.labels).not.toMatchObject(selector ?? {});
    expect(ports).toMatchObject([
      { name: 'reports', port: 8443 },
      { name: 'metrics', port: 8080 },
    ]);
  });

  test('drains before anything is removed, with the operator’s image and account', () => {
    const job = only(manifests, 'Job');
    expect(job.metadata).toMatchObject({ annotations: { 'helm.sh/hook': 'pre-delete' } });
    const { containers, serviceAccountName, restartPolicy } = job.spec.template.spec;
    const operator = operatorOf(manifests);
    expect({ serviceAccountName, restartPolicy }).toEqual({
      serviceAccountName: 'berth-operator',
      restartPolicy: 'Never',
    });
    expect(containers[0]).toMatchObject({ args: ['drain'], image: operator.containers[0].image });
  });
});

describe('each switch', () => {
  test.each([
    { set: 'replicas=2', see: (all: Manifest[]) => only(all, 'Deployment').spec.replicas, as: 2 },
    {
      set: 'image.operator.tag="dev"',
      see: (all: Manifest[]) => operatorOf(all).containers[0].image,
      as: 'berth.dev/operator:dev',
    },
    {
      set: 'image.operator.repository="mirror.example/operator"',
      see: (all: Manifest[]) => operatorOf(all).containers[0].image,
      as: 'mirror.example/operator:0.1.0',
    },
    {
      set: 'image.operator.pullPolicy="Never"',
      see: (all: Manifest[]) => operatorOf(all).containers[0].imagePullPolicy,
      as: 'Never',
    },
    {
      set: 'imagePullSecrets=[{"name":"mirror"}]',
      see: (all: Manifest[]) => operatorOf(all).imagePullSecrets,
      as: [{ name: 'mirror' }],
    },
    {
      set: 'resources={"requests":{"cpu":"1"},"limits":null}',
      see: (all: Manifest[]) => operatorOf(all).containers[0].resources.requests,
      as: { cpu: '1', memory: '128Mi' },
    },
    {
      set: 'fullnameOverride="wharf"',
      see: (all: Manifest[]) => only(all, 'Service').metadata.name,
      as: 'wharf-operator',
    },
    {
      set: 'nameOverride="wharf"',
      see: (all: Manifest[]) => only(all, 'Service').metadata.name,
      as: 'berth-wharf-operator',
    },
    { set: 'drain.enabled=false', see: (all: Manifest[]) => all.filter(({ kind }) => kind === 'Job'), as: [] },
    {
      set: 'crds.install=false',
      see: (all: Manifest[]) => all.filter(({ kind }) => kind === 'CustomResourceDefinition'),
      as: [],
    },
  ])('$set', async ({ set, see, as }) => {
    expect(see(await chart.render([set]))).toEqual(as);
  });

  test.each([
    {
      set: 'image.session.baileys.tag="dev"',
      as: { session: { images: { Baileys: 'berth.dev/session-baileys:dev' } } },
    },
    {
      set: 'image.session.whatsAppWebJS={"repository":"mirror.example/web","tag":"dev"}',
      as: { session: { images: { WhatsAppWebJS: 'mirror.example/web:dev' } } },
    },
    { set: 'image.session.pullPolicy="Always"', as: { session: { imagePullPolicy: 'Always' } } },
    { set: 'session.env={"LOG_LEVEL":"debug"}', as: { session: { env: { LOG_LEVEL: 'debug' } } } },
    {
      set: 'session.resources.baileys.limits.memory="1Gi"',
      as: { session: { resources: { Baileys: { limits: { memory: '1Gi' } } } } },
    },
    {
      set: 'session.resources.whatsAppWebJS.limits.memory="2Gi"',
      as: { session: { resources: { WhatsAppWebJS: { limits: { memory: '2Gi' } } } } },
    },
    { set: 'session.browser.sandbox=true', as: { session: { browser: { sandbox: true } } } },
    { set: 'session.browser.shmSize="1Gi"', as: { session: { browser: { shmSize: '1Gi' } } } },
    { set: 'session.browser.locale="pt-BR"', as: { session: { browser: { locale: 'pt-BR' } } } },
    { set: 'session.browser.userAgent="Mozilla/5.0"', as: { session: { browser: { userAgent: 'Mozilla/5.0' } } } },
    {
      set: 'session.browser.seccompProfile="profiles/browser.json"',
      as: { session: { browser: { seccompProfile: 'profiles/browser.json' } } },
    },
    {
      set: 'session.allowedPriorityClasses=["gold"]',
      as: { session: { allowedPriorityClasses: ['gold'], allowedRuntimeClasses: [] } },
    },
    {
      set: 'session.allowedRuntimeClasses=["gvisor"]',
      as: { session: { allowedPriorityClasses: [], allowedRuntimeClasses: ['gvisor'] } },
    },
    { set: 'sessionEnd.drainSeconds=0.5', as: { drainSeconds: 0.5 } },
    { set: 'sessionEnd.endRecordDeadlineSeconds=60', as: { endRecordDeadlineSeconds: 60 } },
    {
      set: 'sessionEnd.sinks=[{"url":"https://a.example/in","secretRef":{"name":"audit","key":"secret"}}]',
      as: { sinks: [{ url: 'https://a.example/in', secretRef: { name: 'audit', key: 'secret' } }] },
    },
    { set: 'outbound.allow=["10.0.0.0/8","fd00::/8"]', as: { outbound: { allow: ['10.0.0.0/8', 'fd00::/8'] } } },
    { set: 'fullnameOverride="wharf"', as: { serviceName: 'wharf-operator', leaseName: 'wharf-operator' } },
  ])('$set in the configuration, with which the pods are renewed', async ({ set, as }) => {
    const [before, after] = [await chart.render(), await chart.render([set])];
    expect(configOf(after)).toMatchObject(as);
    const annotations = (all: Manifest[]) => only(all, 'Deployment').spec.template.metadata.annotations;
    expect(annotations(after)).not.toEqual(annotations(before));
  });

  test('logLevel', async () => {
    const { env } = operatorOf(await chart.render(['logLevel="debug"'])).containers[0];
    expect(env).toContainEqual({ name: 'LOG_LEVEL', value: 'debug' });
  });

  test('another release name', async () => {
    const names = (await chart.render([], { release: 'pier' })).map(({ metadata }) => metadata.name);
    const own = ['pier-berth-operator', 'pier-berth-drain', 'pier-berth-test'];
    expect(new Set(names)).toEqual(new Set([...own, 'sessionends.berth.dev', 'whatsappsessions.berth.dev']));
  });
});

describe('monitoring', () => {
  const rulesFile = join(chartDir, 'files', 'rules.yaml');
  const on = ['monitoring.prometheusRule.enabled=true', 'monitoring.dashboard.enabled=true'];
  const dashboardOf = (all: readonly Manifest[]) => only(all, 'ConfigMap', 'berth-dashboard');

  test('installs the rules that promtool has tested, and nothing else of them', async () => {
    const rule = only(await chart.render(on), 'PrometheusRule');
    expect(rule.apiVersion).toBe('monitoring.coreos.com/v1');
    expect(rule.spec).toEqual(parse(await readFile(rulesFile, 'utf8')));
    expect(rule.metadata).toMatchObject({ name: 'berth-operator', namespace: 'berth-system' });
  });

  test.each([
    { url: 'https://wiki.example/berth', base: 'https://wiki.example/berth/' },
    { url: 'https://wiki.example/berth/', base: 'https://wiki.example/berth/' },
  ])('monitoring.runbookUrl=$url is in every alert, and changes nothing else', async ({ url, base }) => {
    const rule = only(await chart.render([...on, `monitoring.runbookUrl=${JSON.stringify(url)}`]), 'PrometheusRule');
    const expected = (await readFile(rulesFile, 'utf8')).replaceAll('https://berth.dev/runbooks/', base);
    expect(rule.spec).toEqual(parse(expected));
    expect(expected.split(base)).toHaveLength(expected.split('alert: ').length);
  });

  test('monitoring.prometheusRule.labels are beside those of everything else', async () => {
    const labels = { release: 'kube-prometheus-stack' };
    const set = `monitoring.prometheusRule.labels=${JSON.stringify(labels)}`;
    expect(only(await chart.render([...on, set]), 'PrometheusRule').metadata).toMatchObject({
      labels: { ...labels, 'app.kubernetes.io/name': 'berth', 'app.kubernetes.io/component': 'monitoring' },
    });
  });

  test('installs the dashboard as it is, with the label by which Grafana finds it', async () => {
    const { data, metadata } = dashboardOf(await chart.render(on));
    const file = join(chartDir, 'files', 'dashboards', 'berth.json');
    expect(JSON.parse(data?.['berth.json'] ?? '')).toEqual(JSON.parse(await readFile(file, 'utf8')));
    expect(metadata).toMatchObject({ namespace: 'berth-system', labels: { grafana_dashboard: '1' } });
  });

  test('monitoring.dashboard.labels can be others', async () => {
    const set = 'monitoring.dashboard.labels={"grafana_dashboard":null,"boards":"yes"}';
    const { labels } = dashboardOf(await chart.render([...on, set])).metadata as { labels?: object };
    expect(labels).toMatchObject({ boards: 'yes' });
    expect(labels).not.toHaveProperty('grafana_dashboard');
  });

  test.each(['prometheusRule', 'dashboard'])('monitoring.%s.enabled adds one object', async (part) => {
    const [before, after] = [await chart.render(), await chart.render([`monitoring.${part}.enabled=true`])];
    expect(after).toHaveLength(before.length + 1);
    expect(after).toEqual(expect.arrayContaining(before));
  });
});

test.each([
  { set: 'replicas=0', says: '/replicas' },
  { set: 'replicas="two"', says: '/replicas' },
  { set: 'replica=2', says: 'replica' },
  { set: 'logLevel="loud"', says: '/logLevel' },
  { set: 'image.operator.tag="a b"', says: '/image/operator/tag' },
  { set: 'image.operator.repository=""', says: '/image/operator/repository' },
  { set: 'image.session.pullPolicy="Sometimes"', says: '/image/session/pullPolicy' },
  { set: 'imagePullSecrets=["mirror"]', says: '/imagePullSecrets/0' },
  { set: 'session.env={"A":1}', says: '/session/env/A' },
  { set: 'session.env={"A B":"1"}', says: "'A B'" },
  { set: 'resources={"limits":{"memory":"much"}}', says: '/resources/limits/memory' },
  { set: 'session.resources.webjs={}', says: '/session/resources' },
  { set: 'session.browser.sandbox="yes"', says: '/session/browser/sandbox' },
  { set: 'session.browser.shmSize="64M"', says: '/session/browser/shmSize' },
  { set: 'session.browser.locale="en_US"', says: '/session/browser/locale' },
  { set: 'session.browser.userAgent="é"', says: '/session/browser/userAgent' },
  { set: 'session.browser.seccompProfile="../chromium.json"', says: '/session/browser/seccompProfile' },
  { set: 'session.allowedPriorityClasses=["Gold"]', says: '/session/allowedPriorityClasses/0' },
  { set: 'session.allowedRuntimeClasses="gvisor"', says: '/session/allowedRuntimeClasses' },
  { set: 'sessionEnd.drainSeconds=-1', says: '/sessionEnd/drainSeconds' },
  { set: 'sessionEnd.endRecordDeadlineSeconds=1', says: '/sessionEnd/endRecordDeadlineSeconds' },
  { set: 'sessionEnd.sinks=["https://a.example/"]', says: '/sessionEnd/sinks/0' },
  { set: 'sessionEnd.sinks=[{"url":"https://user:word@a.example/"}]', says: '/sessionEnd/sinks/0/url' },
  { set: 'outbound.allow=["10.0.0.1"]', says: '/outbound/allow/0' },
  { set: 'crds.install="yes"', says: '/crds/install' },
  { set: 'drain.enabled="yes"', says: '/drain/enabled' },
  { set: 'monitoring.prometheusRule.enabled="yes"', says: '/monitoring/prometheusRule/enabled' },
  { set: 'monitoring.prometheusRule.labels={"a":1}', says: '/monitoring/prometheusRule/labels/a' },
  { set: 'monitoring.dashboard.enabled=1', says: '/monitoring/dashboard/enabled' },
  { set: 'monitoring.dashboard.labels={"a":"b c"}', says: '/monitoring/dashboard/labels/a' },
  { set: 'monitoring.runbookUrl="runbooks"', says: '/monitoring/runbookUrl' },
  { set: 'fullnameOverride="Wharf"', says: '/fullnameOverride' },
  { set: 'nameOverride="a_b"', says: '/nameOverride' },
  { set: 'podDisruptionBudget.enabled="yes"', says: '/podDisruptionBudget/enabled' },
  { set: 'podLabels={"app.kubernetes.io/name":"mine"}', says: '/podLabels/app.kubernetes.io~1name' },
  { set: 'podLabels={"team":"a b"}', says: '/podLabels/team' },
  { set: 'podAnnotations={"berth.dev/config-sha256":"0"}', says: '/podAnnotations/berth.dev~1config-sha256' },
  { set: 'podAnnotations={"team":1}', says: '/podAnnotations/team' },
  { set: 'nodeSelector={"disk":true}', says: '/nodeSelector/disk' },
  { set: 'tolerations=[{"effect":"Never"}]', says: '/tolerations/0/effect' },
  { set: 'affinity={"antiAffinity":{}}', says: '/affinity' },
  { set: 'affinity={"podAffinity":[]}', says: '/affinity/podAffinity' },
  { set: 'topologySpreadConstraints=[{"maxSkew":1}]', says: '/topologySpreadConstraints/0' },
  { set: 'priorityClassName="High Class"', says: '/priorityClassName' },
  { set: 'priorityClasses.create=1', says: '/priorityClasses/create' },
  { set: 'priorityClasses.operator.value=2000000000', says: '/priorityClasses/operator/value' },
  { set: 'networkPolicy.enabled="yes"', says: '/networkPolicy/enabled' },
  { set: 'networkPolicy.privateCidrs=["10.0.0.1"]', says: '/networkPolicy/privateCidrs/0' },
  { set: 'networkPolicy.dns.peers=[]', says: '/networkPolicy/dns/peers' },
  { set: 'networkPolicy.dns.ports=["dns"]', says: '/networkPolicy/dns/ports/0' },
  { set: 'networkPolicy.apiServer.cidrs=[]', says: '/networkPolicy/apiServer/cidrs' },
  { set: 'networkPolicy.apiServer.ports=[0]', says: '/networkPolicy/apiServer/ports/0' },
  { set: 'networkPolicy.sinks.cidrs=["sinks.example"]', says: '/networkPolicy/sinks/cidrs/0' },
  { set: 'networkPolicy.prometheus.peers=[{"labels":{}}]', says: '/networkPolicy/prometheus/peers/0' },
  { set: 'networkPolicy.session.namespaces=["Team A"]', says: '/networkPolicy/session/namespaces/0' },
  { set: 'networkPolicy.session.extraEgress=[{"from":[]}]', says: '/networkPolicy/session/extraEgress/0' },
  { set: 'monitoring.scrapeAnnotations="yes"', says: '/monitoring/scrapeAnnotations' },
  { set: 'monitoring.serviceMonitor.enabled="yes"', says: '/monitoring/serviceMonitor/enabled' },
  { set: 'monitoring.serviceMonitor.interval="often"', says: '/monitoring/serviceMonitor/interval' },
  { set: 'monitoring.serviceMonitor.labels={"release":1}', says: '/monitoring/serviceMonitor/labels/release' },
])('$set is refused by name', async ({ set, says }) => {
  const { status, stderr } = await chart.tryRender([set]);
  expect(status).toBe(1);
  expect(stderr).toContain(says);
});

describe('the package', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'berth-chart-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('gives the same as the folder', async () => {
    await chart.helm('package', chartDir, '--destination', dir);
    const { version } = parse(await readFile(join(chartDir, 'Chart.yaml'), 'utf8')) as { version: string };
    const packaged = await chart.render([], { chart: join(dir, `berth-${version}.tgz`) });
    expect(packaged).toEqual(await chart.render());
  });
});

test('the sample is of the version that the chart installs', async () => {
  const sample = parse(await readFile(join(projectDir, 'docs/samples/session.yaml'), 'utf8')) as Manifest;
  const crd = only(await chart.render(), 'CustomResourceDefinition', 'whatsappsessions.berth.dev');
  expect(sample.apiVersion).toBe(`${crd.spec.group}/${crd.spec.versions?.[0]?.name}`);
});
