import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type AdminApi, AdminApiError, adminApi } from '../cluster/admin-api.ts';
import { ensureBinaries } from '../cluster/binaries.ts';
import { mustRun } from '../cluster/command.ts';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { chartDir, type HelmChart, openHelmChart } from './helm-chart.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const sessionsCrd = 'whatsappsessions.berth.dev';
const sessions = '/apis/berth.dev/v1alpha1/namespaces/default/whatsappsessions';
const [strict, patched] = ['?fieldValidation=Strict', 'application/merge-patch+json'];
/** Each an install of its own. */
const namespaces = ['berth-system', 'elsewhere-system'];

let server: TestApiServer;
let api: AdminApi;
let chart: HelmChart;
let kubectl: string;
/** Where charts of other versions lie. */
let charts: string;

beforeAll(async () => {
  server = await startApiServer();
  api = await adminApi(server.kubeconfigPath);
  chart = await openHelmChart();
  ({ kubectl } = await ensureBinaries(['kubectl']));
  charts = await mkdtemp(join(tmpdir(), 'berth-charts-'));
  for (const name of namespaces)
    await api.apply(`/api/v1/namespaces/${name}`, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}, 600_000);
afterAll(async () => {
  if (charts !== undefined) await rm(charts, { recursive: true, force: true });
  await api?.close();
  await server?.stop();
});
beforeEach(async () => {
  const words = ['delete', 'crd', '--all', `--kubeconfig=${server.kubeconfigPath}`];
  await mustRun(kubectl, words); // Those of the server's start are not helm's to manage.
});

afterEach(async () => {
  await uninstall('berth-system', 'berth');
  await uninstall('elsewhere-system', 'harbour');
});

interface Version {
  name: string;
  storage: boolean;
  schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } };
}

/** The chart with other definitions of sessions, under this version. */
async function makeChart(version: string, change: (versions: Version[]) => Version[]): Promise<string> {
  const folder = join(charts, version);
  await cp(chartDir, folder, { recursive: true });
  const file = join(folder, 'files', 'crds', 'berth.dev_whatsappsessions.yaml');
  const crd = parse(await readFile(file, 'utf8'));
  crd.spec.versions = change(crd.spec.versions);
  await writeFile(file, stringify(crd, { aliasDuplicateObjects: false }));
  const about = join(folder, 'Chart.yaml');
  await writeFile(about, stringify({ ...parse(await readFile(about, 'utf8')), version }));
  return folder;
}

const helm = (namespace: string, ...words: string[]) =>
  chart.helm(...words, `--namespace=${namespace}`, `--kubeconfig=${server.kubeconfigPath}`);
/** Without the drain: there is no node to run it. Nothing installed: does nothing. */
const uninstall = (namespace: string, release: string) =>
  helm(namespace, 'uninstall', release, '--no-hooks', '--ignore-not-found');
const aSession = (name: string, spec: object = {}) => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'WhatsAppSession',
  metadata: { name },
  spec: { engine: 'Baileys', ...spec },
});

/** Creates a session as soon as its definition is served. */
function create(name: string) {
  return waitUntil(`session "${name}"`, 20_000, async () => {
    try {
      return { value: (await api.request('POST', sessions, aSession(name))) as { metadata: { uid: string } } };
    } catch (error) {
      if (error instanceof AdminApiError && error.status === 404) return { seen: error.message };
      throw error;
    }
  });
}

const read = async (name: string) =>
  (await api.request('GET', `${sessions}/${name}`)) as {
    metadata: { uid: string };
    spec: { engine: string; rollout?: string };
  };

/** Waits until a read of the session shows this in the field: the API server takes a changed definition up a moment later. */
function untilRollout(name: string, rollout: string | undefined) {
  return waitUntil(`session "${name}" with rollout ${rollout}`, 20_000, async () => {
    const session = await read(name);
    return session.spec.rollout === rollout ? { value: session } : { seen: JSON.stringify(session.spec) };
  });
}

describe('`helm upgrade` from older definitions', () => {
  test('brings a new field and keeps the objects; a rollback hides what is in it, and the next write drops it', async () => {
    // As it may have been before `spec.rollout`, which stands for any field that a version adds.
    const older = await makeChart('0.0.9', ([version]) => {
      delete version?.schema.openAPIV3Schema.properties.spec.properties['rollout'];
      return version === undefined ? [] : [version];
    });
    await helm('berth-system', 'install', 'berth', older);
    const { metadata } = await create('old');
    const withField = aSession('new', { rollout: 'Paced' });
    const refused = api.request('POST', `${sessions}${strict}`, withField);
    await expect(refused).rejects.toThrow(/unknown field .*spec\.rollout/);

    await helm('berth-system', 'upgrade', 'berth', chartDir);
    const change = { spec: { rollout: 'Paced' } };
    await waitUntil('the new field', 20_000, async () => {
      try {
        return { value: await api.request('PATCH', `${sessions}/old${strict}`, change, patched) };
      } catch (error) {
        if (error instanceof AdminApiError) return { seen: error.message };
        throw error;
      }
    });
    expect(await read('old')).toMatchObject({ metadata: { uid: metadata.uid }, spec: { rollout: 'Paced' } });

    await helm('berth-system', 'rollback', 'berth', '1');
    expect((await untilRollout('old', undefined)).metadata.uid).toBe(metadata.uid);
    // Nobody has written it meanwhile.
    await helm('berth-system', 'upgrade', 'berth', chartDir);
    await untilRollout('old', 'Paced');

    await helm('berth-system', 'rollback', 'berth', '1');
    await untilRollout('old', undefined);
    await api.request('PATCH', `${sessions}/old`, { metadata: { labels: { touched: 'yes' } } }, patched);
    await helm('berth-system', 'upgrade', 'berth', chartDir);
    await untilServesRollout();
    expect((await read('old')).spec.rollout).toBeUndefined();
  }, 120_000);
});

/** Waits until the API server takes the field again. */
function untilServesRollout() {
  return waitUntil('the new field', 20_000, async () => {
    try {
      const dryRun = `${sessions}${strict}&dryRun=All`;
      return { value: await api.request('POST', dryRun, aSession('other', { rollout: 'Paced' })) };
    } catch (error) {
      if (error instanceof AdminApiError) return { seen: error.message };
      throw error;
    }
  });
}

test('a later version of the API takes over what is stored, by `helm upgrade` and two commands', async () => {
  const [both, betaAlone] = [
    await makeChart('0.2.0', ([alpha]) =>
      alpha === undefined
        ? []
        : [
            { ...alpha, storage: false },
            { ...alpha, name: 'v1beta1' },
          ],
    ),
    await makeChart('0.3.0', ([alpha]) => (alpha === undefined ? [] : [{ ...alpha, name: 'v1beta1' }])),
  ];
  await helm('berth-system', 'install', 'berth', chartDir);
  const { metadata } = await create('old');
  await helm('berth-system', 'upgrade', 'berth', both);
  const beta = sessions.replace('v1alpha1', 'v1beta1');
  const asBeta = () =>
    waitUntil('session in v1beta1', 20_000, async () => {
      try {
        return { value: await api.request('GET', `${beta}/old`) };
      } catch (error) {
        if (error instanceof AdminApiError) return { seen: error.message };
        throw error;
      }
    });
  const { spec } = await read('old');
  expect(await asBeta()).toMatchObject({ apiVersion: 'berth.dev/v1beta1', metadata: { uid: metadata.uid }, spec });
  await api.request('POST', beta, { ...aSession('new', { rollout: 'Paced' }), apiVersion: 'berth.dev/v1beta1' });
  expect((await read('new')).spec.rollout).toBe('Paced');
  // Neither back to a definition that does not know what may be stored, nor on to one, before all is written anew.
  const stored = /storedVersions.*missing from spec\.versions/;
  await expect(helm('berth-system', 'rollback', 'berth', '1')).rejects.toThrow(stored);
  await expect(helm('berth-system', 'upgrade', 'berth', betaAlone)).rejects.toThrow(stored);

  const here = `--kubeconfig=${server.kubeconfigPath}`;
  const input = await mustRun(kubectl, ['get', 'whatsappsessions', '--all-namespaces', '--output=json', here]);
  await mustRun(kubectl, ['replace', '--filename=-', here], { input });
  const versions = JSON.stringify({ status: { storedVersions: ['v1beta1'] } });
  const patch = ['patch', 'crd', sessionsCrd, '--subresource=status', '--type=merge', `--patch=${versions}`, here];
  await mustRun(kubectl, patch);
  await helm('berth-system', 'upgrade', 'berth', betaAlone);
  expect(await asBeta()).toMatchObject({ metadata: { uid: metadata.uid }, spec });
}, 120_000);

describe('an uninstall keeps definitions and sessions, and another install takes them over', () => {
  let kept: { metadata: { uid: string } };
  beforeEach(async () => {
    await helm('berth-system', 'install', 'berth', chartDir);
    kept = await create('kept');
    await uninstall('berth-system', 'berth');
    expect((await read('kept')).metadata.uid).toBe(kept.metadata.uid);
  });

  async function expectTakenOver(namespace: string, release: string, deployment: string) {
    expect(await api.request('GET', `${crds}/${sessionsCrd}`)).toMatchObject({
      metadata: {
        annotations: { 'meta.helm.sh/release-name': release, 'meta.helm.sh/release-namespace': namespace },
      },
    });
    await helm(namespace, 'upgrade', release, chartDir, '--set=replicas=2');
    const at = `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
    expect(await api.request('GET', at)).toMatchObject({ spec: { replicas: 2 } });
    expect((await read('kept')).metadata.uid).toBe(kept.metadata.uid);
    await uninstall(namespace, release);
  }

  test('of the same name, by itself', async () => {
    await helm('berth-system', 'install', 'berth', chartDir);
    await expectTakenOver('berth-system', 'berth', 'berth-operator');
    expect((await read('kept')).metadata.uid).toBe(kept.metadata.uid);
  }, 60_000);

  test('of another name or namespace, when it is told to', async () => {
    const install = ['install', 'harbour', chartDir] as const;
    await expect(helm('elsewhere-system', ...install)).rejects.toThrow('invalid ownership metadata');
    await helm('elsewhere-system', ...install, '--take-ownership');
    await expectTakenOver('elsewhere-system', 'harbour', 'harbour-berth-operator');
    expect((await read('kept')).metadata.uid).toBe(kept.metadata.uid);
  }, 60_000);

  test('of another name or namespace, by a helm that cannot be told, when the definitions are made over to it', async () => {
    const crdNames = ['crd/whatsappsessions.berth.dev', 'crd/sessionends.berth.dev'];
    const owner = ['meta.helm.sh/release-name=harbour', 'meta.helm.sh/release-namespace=elsewhere-system'];
    const words = ['annotate', '--overwrite', ...crdNames, ...owner, `--kubeconfig=${server.kubeconfigPath}`];
    await mustRun(kubectl, words);
    await helm('elsewhere-system', 'install', 'harbour', chartDir);
    await expectTakenOver('elsewhere-system', 'harbour', 'harbour-berth-operator');
    expect((await read('kept')).metadata.uid).toBe(kept.metadata.uid);
  }, 60_000);
});
