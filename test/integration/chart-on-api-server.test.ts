import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type AdminApi, AdminApiError, adminApi } from '../cluster/admin-api.ts';
import { ensureBinaries } from '../cluster/binaries.ts';
import { mustRun } from '../cluster/command.ts';
import { projectDir } from '../cluster/paths.ts';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { chartDir, type HelmChart, type Manifest, only, openHelmChart } from './helm-chart.ts';

let server: TestApiServer;
let api: AdminApi;
let kubectl: string;
let chart: HelmChart;
let manifests: Manifest[];
const apply = (input: string, ...words: string[]) =>
  mustRun(kubectl, ['apply', '--server-side', ...words, '-f', '-', `--kubeconfig=${server.kubeconfigPath}`], { input });
const asText = (objects: readonly Manifest[]) => objects.map((object) => stringify(object)).join('---\n');

beforeAll(async () => {
  server = await startApiServer();
  api = await adminApi(server.kubeconfigPath);
  ({ kubectl } = await ensureBinaries(['kubectl']));
  chart = await openHelmChart();
  manifests = await chart.render();
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await api.apply('/api/v1/namespaces/berth-system', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'berth-system', labels },
  });
}, 600_000);
afterAll(async () => {
  await api.close();
  await server.stop();
});

test('the API server accepts every object', async () => {
  const said = await apply(asText(manifests), '--dry-run=server', '--force-conflicts', '--validate=strict');
  expect(said.trim().split('\n')).toHaveLength(manifests.length);
});

test('the API server accepts every object that a value switches on, and the test’s pod is a restricted one', async () => {
  const all = await chart.render([
    'replicas=2',
    'priorityClasses.create=true',
    'networkPolicy.enabled=true',
    'networkPolicy.session.namespaces=["berth-system","default"]',
    'networkPolicy.session.extraEgress=[{"to":[{"ipBlock":{"cidr":"10.1.2.3/32"}}],"ports":[{"port":3128}]}]',
    'tolerations=[{"key":"berth","operator":"Exists"}]',
    'nodeSelector={"disk":"fast"}',
  ]);
  const kinds = new Set(all.map(({ kind }) => kind));
  for (const kind of ['PriorityClass', 'PodDisruptionBudget', 'NetworkPolicy', 'Pod']) expect(kinds).toContain(kind);
  await apply(asText(all.filter(({ kind }) => kind === 'PriorityClass'))); // Nothing that a pod names may be missing.
  const said = await apply(asText(all), '--dry-run=server', '--force-conflicts', '--validate=strict');
  expect(said.trim().split('\n')).toHaveLength(all.length);
});

test('the API server accepts the sample', async () => {
  const file = join(projectDir, 'docs/samples/session.yaml');
  const words = ['--dry-run=server', '--validate=strict', `--kubeconfig=${server.kubeconfigPath}`];
  expect(await mustRun(kubectl, ['apply', '-f', file, ...words])).toContain(
    'whatsappsession.berth.dev/support created',
  );
});

test.each(['Deployment', 'Job'])('the pod of the %s passes the restricted Pod Security Standard', async (kind) => {
  const { metadata, spec } = only(manifests, kind).spec.template;
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'one' }, spec };
  const created = api.request('POST', '/api/v1/namespaces/berth-system/pods?dryRun=All', pod);
  await expect(created).resolves.toMatchObject({ metadata: { name: 'one' } });
});

describe('the operator’s account', () => {
  beforeAll(async () => {
    await apply(asText(manifests.filter(({ kind }) => /Role|ServiceAccount/.test(kind))));
  });

  /** `verb resource[/subresource][:name] [in namespace]`, in a user's namespace unless told. */
  async function may(what: string): Promise<boolean> {
    const [, verb, resource, subresource, name, namespace = 'users'] =
      /^(\w+) ([\w.]+)(?:\/(\w+))?(?::([\w-]+))?(?: in ([\w-]+))?$/.exec(what) ?? [];
    const [plural, ...group] = (resource ?? '').split('.');
    const resourceAttributes = { verb, resource: plural, subresource, name, namespace, group: group.join('.') };
    const user = 'system:serviceaccount:berth-system:berth-operator';
    const answer = await api.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, groups: ['system:authenticated'], resourceAttributes },
    });
    return (answer['status'] as { allowed: boolean }).allowed;
  }

  test.each([
    ...['get', 'list', 'watch', 'patch'].map((verb) => `${verb} whatsappsessions.berth.dev`),
    'patch whatsappsessions.berth.dev/status',
    ...['get', 'list', 'watch', 'create', 'patch', 'delete'].map((verb) => `${verb} sessionends.berth.dev`),
    'patch sessionends.berth.dev/status',
    ...['get', 'list', 'watch', 'create', 'patch', 'delete'].map((verb) => `${verb} pods`),
    ...['get', 'list', 'watch', 'create', 'delete'].map((verb) => `${verb} persistentvolumeclaims`),
    ...['get', 'list', 'watch'].map((verb) => `${verb} nodes`),
    'create configmaps',
    'get configmaps:berth-ca',
    'patch configmaps:berth-ca',
    'get secrets:any',
    'create events',
    'create tokenreviews.authentication.k8s.io',
    'create leases.coordination.k8s.io in berth-system',
    ...['get', 'update', 'patch'].map((verb) => `${verb} leases.coordination.k8s.io:berth-operator in berth-system`),
    'create secrets in berth-system',
  ])('may %s', async (what) => {
    expect(await may(what)).toBe(true);
  });

  test.each([
    'create whatsappsessions.berth.dev',
    'delete whatsappsessions.berth.dev',
    'delete configmaps:berth-ca',
    'patch configmaps:other',
    'get configmaps:other',
    'list configmaps',
    'list secrets',
    'watch secrets',
    'create secrets',
    'list secrets in berth-system',
    'update secrets:berth-ca in berth-system',
    'patch secrets:berth-ca in berth-system',
    'delete secrets:berth-ca in berth-system',
    'create leases.coordination.k8s.io',
    'update leases.coordination.k8s.io:other in berth-system',
    'create pods/exec',
    'get pods/log',
    'create serviceaccounts/token',
    'patch nodes',
    'patch nodes/status',
    'delete nodes',
    'get persistentvolumes',
    'deletecollection pods',
  ])('may not %s', async (what) => {
    expect(await may(what)).toBe(false);
  });
});

test('the notes say what to do next, by the names of this install', async () => {
  const inRelease = ['--namespace=berth-system', `--kubeconfig=${server.kubeconfigPath}`];
  const notes = async (...set: string[]) => {
    const words = ['--dry-run=client', '--set=crds.install=false', ...inRelease, ...set];
    const said = await chart.helm('install', 'notes', chartDir, ...words);
    return said.slice(said.indexOf('NOTES:'));
  };
  const plain = await notes();
  expect(plain).toContain('helm test notes -n berth-system');
  expect(plain).toContain("by the annotations of the operator's pods");
  expect(plain).toContain('--set replicas=2');
  expect(plain).not.toContain('NetworkPolicies');
  const fenced = await notes(
    '--set=replicas=2,networkPolicy.enabled=true,monitoring.scrapeAnnotations=false',
    '--set=networkPolicy.session.namespaces={team-a,team-b}',
  );
  expect(fenced).toContain('in these namespaces alone: team-a, team-b.');
  expect(fenced).toContain('on port 8080 of the Service "notes-berth-operator"');
  expect(fenced).not.toContain('--set replicas=2');
});

test('an uninstall keeps definitions and sessions, and another install takes them over', async () => {
  const inRelease = ['--namespace=berth-system', `--kubeconfig=${server.kubeconfigPath}`];
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const sessions = '/apis/berth.dev/v1alpha1/namespaces/default/whatsappsessions';
  // What was applied without helm is not helm's to manage.
  for (const object of manifests.filter(({ kind }) => !/^(Deployment|Service|ConfigMap|Job|Pod)$/.test(kind))) {
    const words = ['delete', object.kind, object.metadata.name, '--ignore-not-found', ...inRelease];
    await mustRun(kubectl, words);
  }
  await waitUntil('API server without definitions', 30_000, async () => {
    const { items } = (await api.request('GET', crds)) as { items: unknown[] };
    return items.length === 0 ? { value: undefined } : { seen: `${items.length} definitions` };
  });

  await chart.helm('install', 'berth', chartDir, ...inRelease);
  const session = { apiVersion: 'berth.dev/v1alpha1', kind: 'WhatsAppSession', metadata: { name: 'kept' } };
  await waitUntil('session', 20_000, async () => {
    try {
      return { value: await api.request('POST', sessions, { ...session, spec: { engine: 'Baileys' } }) };
    } catch (error) {
      if (error instanceof AdminApiError && error.status === 404) return { seen: error.message };
      throw error;
    }
  });
  await chart.helm('uninstall', 'berth', '--no-hooks', ...inRelease); // No node runs the drain here.
  expect(await api.request('GET', `${sessions}/kept`)).toMatchObject({ metadata: { name: 'kept' } });

  await chart.helm('install', 'berth', chartDir, ...inRelease);
  await chart.helm('upgrade', 'berth', chartDir, '--set=replicas=2', ...inRelease);
  const deployment = await api.request('GET', '/apis/apps/v1/namespaces/berth-system/deployments/berth-operator');
  expect(deployment).toMatchObject({ spec: { replicas: 2 } });
  expect(await api.request('GET', `${sessions}/kept`)).toMatchObject({ metadata: { name: 'kept' } });
}, 120_000);
