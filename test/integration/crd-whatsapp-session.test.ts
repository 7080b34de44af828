import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminApi } from '../cluster/admin-api.ts';
import { ensureBinaries } from '../cluster/binaries.ts';
import { mustRun } from '../cluster/command.ts';
import { type CrdApi, type Resource, refusal, startCrdApi } from './crd-api.ts';
import { readCrd } from './crd-schema.ts';
import { constraintsOf, fieldPath, withValue } from './schema-constraints.ts';

const now = '2026-01-01T00:00:00Z';
/** Every field that there is, each with a value that is accepted. */
const full: Resource = {
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'WhatsAppSession',
  metadata: { name: 'full' },
  spec: {
    engine: 'Baileys',
    desiredState: 'Running',
    restartedAt: now,
    storage: {
      size: '1Gi',
      storageClassName: 'fast',
      accessMode: 'ReadWriteOnce',
      retention: { whenDeleted: 'Delete' },
    },
    startup: { timeoutSeconds: 120, scheduleSeconds: 600 },
    pairing: { timeoutSeconds: 3600 },
    recovery: {
      policy: 'Restart',
      authenticatedSeconds: 90,
      unresponsiveSeconds: 45,
      reconnects: { max: 10, windowSeconds: 600 },
      maxRestarts: 5,
      backoff: { baseSeconds: 1, maxSeconds: 3600 },
      healthySeconds: 300,
    },
    termination: { gracePeriodSeconds: 30 },
    webhooks: [
      { url: 'https://sink.example/hook', events: ['session_end'], secretRef: { name: 'signing', key: 'secret' } },
    ],
    pod: {
      resources: { requests: { cpu: '50m' }, limits: { memory: '256Mi' } },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'a', effect: 'NoExecute', tolerationSeconds: 60 }],
      imagePullSecrets: [{ name: 'registry' }],
      labels: { team: 'sales' },
      annotations: { 'sidecar.example/inject': 'true' },
      priorityClassName: 'gold',
      runtimeClassName: 'sandboxed',
    },
  },
  status: {
    observedGeneration: 1,
    phase: 'Ready',
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        observedGeneration: 1,
        lastTransitionTime: now,
        reason: 'Ready',
        message: 'Ready',
      },
      { type: 'Stuck', status: 'False', lastTransitionTime: now, reason: 'NotStuck', message: '' },
    ],
    run: {
      uid: 'run-1',
      number: 1,
      node: 'node-1',
      startedAt: now,
      ending: { reason: 'stopped', since: now, deadline: now },
    },
    report: {
      runUid: 'run-1',
      sequence: 1,
      state: 'ready',
      stateSince: now,
      readyAt: now,
      reconnects: 0,
      recentReconnects: 0,
      certificateSha256: 'ab',
      message: 'connected',
      account: { id: 'account', pushName: 'name' },
    },
    recovery: { restarts: 0, nextRestartAt: now, held: 'replaced' },
    lastEnd: {
      runUid: 'run-0',
      number: 0,
      reason: 'crashed',
      at: now,
      sessionEnd: 'full-run-0',
      restartedAt: now,
      terminationConfirmed: true,
    },
  },
};
const { status: fullStatus = {}, ...withoutStatus } = full;

interface RuleCase {
  readonly at: string;
  readonly constraint: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
  /** The rule looks at a change of this stored value. */
  readonly changes?: unknown;
}
const storage = (more: object) => ({ size: '1Gi', accessMode: 'ReadWriteOnce', ...more });
/** What cannot be derived from the schema: patterns and rules. */
const rules: readonly RuleCase[] = [
  {
    at: '',
    constraint: 'metadata.name must have at most 52 characters',
    accepted: [named('a'), named('a'.repeat(52))],
    refused: [named('a'.repeat(53))],
  },
  {
    at: '',
    constraint: 'metadata.name must be a DNS label (a-z, 0-9, -)',
    accepted: [named('0-a')],
    refused: [named('support.sales')],
  },
  {
    at: 'spec.storage.size',
    constraint: 'pattern',
    accepted: ['1Gi', '1.5Gi', '500M', 1_073_741_824],
    refused: ['lots', '0Gi', '-1Gi', '', '1GiB'],
  },
  {
    at: 'spec.storage.size',
    constraint: 'spec.storage.size cannot be changed, because the claim is made once',
    changes: '1Gi',
    accepted: ['1Gi', undefined], // Left out is 1Gi, the default.
    refused: ['2Gi', '500Mi'],
  },
  {
    at: 'spec.storage.accessMode',
    constraint: 'spec.storage.accessMode cannot be changed, because the claim is made once',
    changes: 'ReadWriteOnce',
    accepted: ['ReadWriteOnce', undefined],
    refused: ['ReadWriteOncePod'],
  },
  {
    at: 'spec.storage.storageClassName',
    constraint: 'spec.storage.storageClassName cannot be changed, because the claim is made once',
    changes: 'fast',
    accepted: ['fast'],
    refused: ['slow', ''],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.storageClassName cannot be added or taken away, because the claim is made once',
    changes: storage({ storageClassName: 'fast' }),
    accepted: [storage({ storageClassName: 'fast', retention: { whenDeleted: 'Retain' } })],
    refused: [storage({}), undefined],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.storageClassName cannot be added or taken away, because the claim is made once',
    changes: undefined, // All defaulted.
    accepted: [undefined, storage({}), storage({ retention: { whenDeleted: 'Retain' } })],
    refused: [storage({ storageClassName: '' })],
  },
  {
    at: 'spec.storage.existingClaim',
    constraint: 'pattern',
    accepted: ['alice-data', 'a.b', '0'],
    refused: ['', 'Alice', '-a', 'a_b', 'shop/alice-data'],
  },
  {
    at: 'spec.storage.existingClaim',
    constraint: 'spec.storage.existingClaim cannot be changed, because the credentials are in it',
    changes: 'alice-data',
    accepted: ['alice-data'],
    refused: ['bob-data'],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.existingClaim cannot be added or taken away, because the credentials stay where they are',
    changes: { existingClaim: 'alice-data' },
    accepted: [{ existingClaim: 'alice-data', retention: { whenDeleted: 'Retain' } }],
    refused: [storage({}), undefined],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.existingClaim cannot be added or taken away, because the credentials stay where they are',
    changes: undefined,
    accepted: [undefined, storage({})],
    refused: [storage({ existingClaim: 'alice-data' })],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.existingClaim brings its own size, class and access mode',
    accepted: [
      { existingClaim: 'alice-data' },
      storage({ existingClaim: 'alice-data' }), // As it is stored: the defaults are filled in.
      storage({ storageClassName: 'fast' }),
    ],
    refused: [
      { existingClaim: 'alice-data', storageClassName: 'fast' },
      { existingClaim: 'alice-data', size: '2Gi' },
      { existingClaim: 'alice-data', size: 1_073_741_824 },
      { existingClaim: 'alice-data', accessMode: 'ReadWriteOncePod' },
    ],
  },
  {
    at: 'spec.pod.labels',
    constraint: 'spec.pod.labels must not have keys of berth.dev or app.kubernetes.io, because pods are found by them',
    accepted: [{ team: 'sales' }, { 'example.com/team': 'sales' }, { 'berth.dev.example.com/team': 'sales' }, {}],
    refused: [{ 'berth.dev/session': 'bob' }, { team: 'sales', 'app.kubernetes.io/managed-by': 'helm' }],
  },
  {
    at: 'spec.pod.labels{}',
    constraint: 'pattern',
    accepted: ['sales', 'A_b-c.d', ''],
    refused: ['two words', '-a', 'a-'],
  },
  {
    at: 'spec.pod.annotations',
    constraint: 'spec.pod.annotations must not have keys of berth.dev or app.kubernetes.io, because Berth reads them',
    accepted: [{ 'sidecar.example/inject': 'true' }, { note: 'any text: {}' }, {}],
    refused: [{ 'berth.dev/session-uid': 'another' }, { 'app.kubernetes.io/name': 'a' }],
  },
  ...(['priorityClassName', 'runtimeClassName'] as const).map((field) => ({
    at: `spec.pod.${field}`,
    constraint: 'pattern',
    accepted: ['gold', 'system-node-critical', 'a.b'],
    refused: ['', 'Gold', '-a', 'a b'],
  })),
  {
    at: 'spec.recovery.backoff',
    constraint: 'spec.recovery.backoff.baseSeconds must not be greater than maxSeconds',
    accepted: [{ baseSeconds: 5, maxSeconds: 5 }, { baseSeconds: 300 }, { maxSeconds: 5 }, {}],
    refused: [{ baseSeconds: 6, maxSeconds: 5 }, { baseSeconds: 301 }, { maxSeconds: 4 }],
  },
  {
    at: 'spec.webhooks[].url',
    constraint: 'url must be an absolute http or https URL',
    accepted: ['http://sink:8080/a?b=c', 'https://sink.example', 'HTTPS://SINK.example', 'https://[fd00::1]:8443/'],
    refused: [
      '/hook',
      'sink.example/hook',
      'ftp://sink.example',
      'https://',
      'https:sink',
      'https:///hook',
      'https://a b/',
      'https://sink.example#a',
      '',
    ],
  },
  {
    at: 'spec.webhooks[].url',
    constraint: 'url must not hold a user or password',
    accepted: ['https://sink.example/@user', 'https://sink.example?to=a@b'],
    refused: ['https://user@sink.example/', 'https://user:password@sink.example', 'https://:password@sink.example'],
  },
  ...(['requests', 'limits'] as const).map((list) => ({
    at: `spec.pod.resources.${list}{}`,
    constraint: 'pattern',
    accepted: ['50m', '1', '1.5', '64Mi', 2],
    refused: ['much', '-1', '1 Gi', ''],
  })),
  {
    at: 'spec.pod.resources',
    constraint: 'requests must not be greater than limits',
    accepted: [
      { requests: { memory: '64Mi' } },
      { limits: { memory: '64Mi' } },
      { requests: { cpu: '2', memory: '1024Mi' }, limits: { memory: '1Gi' } },
      { requests: { cpu: 1 }, limits: { cpu: '1000m' } },
    ],
    refused: [
      { requests: { memory: '65Mi' }, limits: { memory: '64Mi' } },
      { requests: { cpu: 1 }, limits: { cpu: '999m' } },
    ],
  },
  {
    at: 'spec.engine',
    constraint: 'spec.engine cannot be changed, because credentials do not convert',
    changes: 'Baileys',
    accepted: ['Baileys'],
    refused: [], // Baileys is the only engine yet; a test below gives it a second one.
  },
];
function named(name: string): Resource {
  return { ...withoutStatus, metadata: { name } };
}

const crd = await readCrd('berth.dev_whatsappsessions.yaml');
const constraints = constraintsOf(crd.spec.versions[0].schema.openAPIV3Schema, full);
const derived = constraints.flatMap(({ at, constraint, sample }) => (sample ? [{ at, constraint, ...sample }] : []));

let crdApi: CrdApi;
let stored: Resource;
beforeAll(async () => {
  crdApi = await startCrdApi('whatsappsessions');
  stored = await crdApi.create(named('full'));
}, 600_000);
afterAll(() => crdApi.stop());

const isStatus = (at: string) => at.startsWith('status');
/** An existing claim stands alone: the full example cannot have it beside all other fields of the storage. */
const specFor = (at: string) => (at === 'spec.storage.existingClaim' ? { ...full.spec, storage: {} } : full.spec);
const base = (at: string) =>
  isStatus(at) ? { ...stored, status: fullStatus } : { ...named('new'), spec: specFor(at) };
const judge = (object: Resource, at: string) =>
  isStatus(at) ? crdApi.judgeStatus(object) : crdApi.create(object, { dryRun: true });

test('the table of rules has each pattern and rule of the schema', () => {
  const key = ({ at, constraint }: { at: string; constraint: string }) => `${at}: ${constraint}`;
  const asked = constraints.filter(({ sample }) => sample === undefined).map(key);
  expect(new Set(rules.map(key))).toEqual(new Set(asked));
});

test('the full example has every field of the status', async () => {
  expect((await judge(base('status'), 'status')).status).toEqual(fullStatus);
});

describe('each keyword of the schema', () => {
  test.each(derived)('$at: $constraint', async ({ at, accepted, refused }) => {
    for (const value of accepted) await judge(withValue(base(at), at, value), at);
    expect(await refusal(judge(withValue(base(at), at, refused), at))).toContain(fieldPath(at, full));
  });
});

describe('each pattern and rule', () => {
  let created = 0;
  test.each(rules)('$at: $constraint', async ({ at, constraint, accepted, refused, ...rest }) => {
    const changed = 'changes' in rest;
    const before = changed
      ? await crdApi.create(
          withValue({ ...base(at), metadata: { name: `changed-${(created += 1)}` } }, at, rest.changes),
        )
      : base(at);
    const send = (value: unknown) => {
      if (at === '') return judge(value as Resource, at);
      const object = withValue(before, at, value);
      return changed ? crdApi.judgeChange(object) : judge(object, at);
    };
    for (const value of accepted) await send(value);
    for (const value of refused) {
      const said = await refusal(send(value));
      expect(said).toContain(constraint === 'pattern' ? 'should match' : constraint);
      expect(said).toContain(fieldPath(at, full));
    }
  });
});

test('engine cannot be changed once there are two of them', async () => {
  const two = structuredClone(crd);
  two.metadata.name = 'whatsappsessions.two-engines.test';
  two.spec.group = 'two-engines.test';
  const engine = two.spec.versions[0].schema.openAPIV3Schema.properties?.['spec']?.properties?.['engine'];
  engine?.enum?.push('Other');
  await crdApi.api.apply(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${two.metadata.name}`, two);
  const collection = '/apis/two-engines.test/v1alpha1/namespaces/default/whatsappsessions';
  const object = { ...named('two'), apiVersion: 'two-engines.test/v1alpha1' };
  await expect
    .poll(() => crdApi.api.request('GET', collection).then(() => 'served', String), { timeout: 20_000 })
    .toBe('served');
  const first = (await crdApi.api.request('POST', collection, object)) as unknown as Resource;
  const change = crdApi.api.request('PUT', `${collection}/two`, withValue(first, 'spec.engine', 'Other'));
  expect(await refusal(change)).toContain('spec.engine cannot be changed, because credentials do not convert');
});

test('a session of one line gets all defaults but a desired state', async () => {
  const { spec } = await crdApi.create({ ...named('minimal'), spec: { engine: 'Baileys' } });
  expect(spec).toEqual({
    engine: 'Baileys',
    storage: { size: '1Gi', accessMode: 'ReadWriteOnce', retention: { whenDeleted: 'Delete' } },
    startup: { timeoutSeconds: 120, scheduleSeconds: 600 },
    pairing: { timeoutSeconds: 3600 },
    recovery: {
      policy: 'Restart',
      authenticatedSeconds: 90,
      unresponsiveSeconds: 45,
      reconnects: { max: 10, windowSeconds: 600 },
      maxRestarts: 5,
      backoff: { baseSeconds: 5, maxSeconds: 300 },
      healthySeconds: 300,
    },
    termination: { gracePeriodSeconds: 30 },
  });
});

test('a misspelt field is refused by its name', async () => {
  const object = withValue(named('misspelt'), 'spec.desiredstate', 'Killed');
  expect(await refusal(crdApi.create(object))).toContain('unknown field \\"spec.desiredstate\\"');
});

test('a manifest without desiredState, applied again, does not undo a kill', async () => {
  const { api, path } = crdApi;
  const manifest = { ...named('in-git'), spec: { engine: 'Baileys' } };
  const apply = () => api.request('PATCH', `${path}/in-git?fieldManager=git`, manifest, 'application/apply-patch+yaml');
  await apply();
  await api.request('PATCH', `${path}/in-git`, { spec: { desiredState: 'Killed' } }, 'application/merge-patch+json');
  expect(await apply()).toMatchObject({ spec: { desiredState: 'Killed' } });
});

describe('kubectl', () => {
  let kubectl: string;
  const runKubectl = (...words: string[]) =>
    mustRun(kubectl, [...words, `--kubeconfig=${crdApi.server.kubeconfigPath}`]);
  beforeAll(async () => {
    ({ kubectl } = await ensureBinaries(['kubectl']));
  }, 600_000);

  test('explain has a sentence for a field', async () => {
    expect((await runKubectl('explain', 'was.spec.desiredState')).replaceAll(/\s+/g, ' ')).toContain(
      'Killed ends it at once with grace period 0.',
    );
  });

  test('wait sees the Ready condition, and get shows the columns', async () => {
    const { path } = crdApi;
    const waiting = runKubectl('wait', 'was/full', '--for=condition=Ready', '--timeout=20s');
    const api = await adminApi(crdApi.server.kubeconfigPath); // The wait must not queue behind other requests.
    await api.request('PATCH', `${path}/full/status`, { status: fullStatus }, 'application/merge-patch+json');
    await api.close();
    expect(await waiting).toContain('condition met');
    const [head, row] = (await runKubectl('get', 'was', 'full', '-o', 'wide')).split('\n');
    expect(head?.split(/\s+/)).toEqual([
      'NAME',
      'ENGINE',
      'PHASE',
      'ACCOUNT',
      'READY',
      'REASON',
      'STUCK',
      'RESTARTS',
      'MESSAGE',
      'AGE',
    ]);
    expect(row?.split(/\s+/).slice(0, 9)).toEqual([
      'full',
      'Baileys',
      'Ready',
      'account',
      'True',
      'Ready',
      'False',
      '0',
      'Ready',
    ]);
    expect(await runKubectl('get', 'berth', '-o', 'name')).toContain('whatsappsession.berth.dev/full');
  });
});
