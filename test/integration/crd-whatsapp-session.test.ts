import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminApi } from '../cluster/admin-api.ts';
import { ensureBinaries } from '../cluster/binaries.ts';
import { mustRun } from '../cluster/command.ts';
import { type CrdApi, type Resource, refusal, startCrdApi } from './crd-api.ts';
import { readCrd } from './crd-schema.ts';
import { full, fullStatus, named } from './crd-session-example.ts';
import { rules } from './crd-session-rules.ts';
import { constraintsOf, fieldPath, withValue } from './schema-constraints.ts';

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

/** The number in the full example goes with no other method than its own. */
const put = (at: string, value: unknown) =>
  at === 'spec.pairing.method' && value !== 'PairingCode'
    ? withValue(base(at), 'spec.pairing', { method: value })
    : withValue(base(at), at, value);

describe('each keyword of the schema', () => {
  test.each(derived)('$at: $constraint', async ({ at, accepted, refused }) => {
    for (const value of accepted) await judge(put(at, value), at);
    expect(await refusal(judge(put(at, refused), at))).toContain(fieldPath(at, full));
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

test('a session of one line gets all defaults but a desired state', async () => {
  const { spec } = await crdApi.create({ ...named('minimal'), spec: { engine: 'Baileys' } });
  expect(spec).toEqual({
    engine: 'Baileys',
    storage: { size: '1Gi', accessMode: 'ReadWriteOnce', retention: { whenDeleted: 'Delete' } },
    startup: { timeoutSeconds: 120, scheduleSeconds: 600 },
    pairing: { method: 'QRCode', timeoutSeconds: 3600 },
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
      'Killed ends it at once.',
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
