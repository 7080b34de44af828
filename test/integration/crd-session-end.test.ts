import { endReasons } from '@berth/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CrdApi, type Resource, refusal, startCrdApi } from './crd-api.ts';
import { readCrd } from './crd-schema.ts';
import { constraintsOf, fieldPath, withValue } from './schema-constraints.ts';

const now = '2026-01-01T00:00:00Z';
/** Every field that there is, each with a value that is accepted. */
const full: Resource = {
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'SessionEnd',
  metadata: { name: 'support-run-1' },
  spec: {
    session: { namespace: 'default', name: 'support', uid: 'session-1' },
    run: { uid: 'run-1', number: 1 },
    engine: 'Baileys',
    account: { id: 'account' },
    reason: 'crashed',
    message: 'The container exited with code 1',
    exitCode: 1,
    signal: 9,
    startedAt: now,
    readyAt: now,
    endedAt: now,
    terminationConfirmed: true,
    requestedBy: 'somebody',
    sinks: [{ url: 'https://sink.example/hook', cluster: true, secretRef: { name: 'signing', key: 'secret' } }],
  },
  status: {
    delivered: 'False',
    replayedAt: now,
    nextAttemptAt: now,
    deliveries: [
      {
        sink: 'https://sink.example/hook',
        attempts: 1,
        lastError: '503',
        lastAttemptAt: now,
        signedByOperator: true,
        deliveredAt: now,
      },
    ],
  },
};
const { status: fullStatus = {}, ...withoutStatus } = full;

const schema = (await readCrd('berth.dev_sessionends.yaml')).spec.versions[0].schema.openAPIV3Schema;
const constraints = constraintsOf(schema, full);
const derived = constraints.flatMap(({ at, constraint, sample }) => (sample ? [{ at, constraint, ...sample }] : []));

let crdApi: CrdApi;
let stored: Resource;
beforeAll(async () => {
  crdApi = await startCrdApi('sessionends');
  stored = await crdApi.create(ofRun('run-0'));
}, 600_000);
afterAll(() => crdApi.stop());

/** The record of another run, under the name that it must have. */
function ofRun(uid: string): Resource {
  return { ...withValue(withoutStatus, 'spec.run.uid', uid), metadata: { name: `support-${uid}` } };
}
const isStatus = (at: string) => at.startsWith('status');
function judge(at: string, value: unknown): Promise<Resource> {
  if (isStatus(at)) return crdApi.judgeStatus(withValue({ ...stored, status: fullStatus }, at, value));
  const object = withValue(withoutStatus, at, value);
  const { session, run } = (object.spec ?? {}) as { session?: { name?: string }; run?: { uid?: string } };
  return crdApi.create({ ...object, metadata: { name: `${session?.name}-${run?.uid}` } }, { dryRun: true });
}

test('the schema has two rules and no pattern', () => {
  expect(constraints.filter(({ sample }) => sample === undefined)).toEqual([
    { at: '', constraint: 'metadata.name must be spec.session.name, a hyphen and spec.run.uid' },
    { at: 'spec', constraint: 'spec cannot be changed' },
  ]);
});

test('the full example has every field of the status', async () => {
  expect((await crdApi.judgeStatus({ ...stored, status: fullStatus })).status).toEqual(fullStatus);
});

test('the reasons are those of the protocol', () => {
  expect(schema.properties?.['spec']?.properties?.['reason']?.enum).toEqual(endReasons);
});

describe('each keyword of the schema', () => {
  test.each(derived)('$at: $constraint', async ({ at, accepted, refused }) => {
    for (const value of accepted) await judge(at, value);
    expect(await refusal(judge(at, refused))).toContain(fieldPath(at, full));
  });
});

test('a name that is not made of the session and the run is refused', async () => {
  await crdApi.create(ofRun('run-2'), { dryRun: true });
  const misnamed = crdApi.create({ ...ofRun('run-2'), metadata: { name: 'support' } }, { dryRun: true });
  expect(await refusal(misnamed)).toContain('metadata.name must be spec.session.name, a hyphen and spec.run.uid');
});

test('a second record of one run is refused', async () => {
  expect(await refusal(crdApi.create(ofRun('run-0')))).toContain('AlreadyExists');
});

test.each([
  { field: 'reason', value: 'stopped' },
  { field: 'terminationConfirmed', value: false },
  { field: 'sinks', value: undefined },
])('a change of $field is refused, metadata and status may change', async ({ field, value }) => {
  await crdApi.judgeChange(withValue(stored, 'metadata.labels', { a: 'b' }));
  await crdApi.judgeStatus({ ...stored, status: { delivered: 'True' } });
  const said = await refusal(crdApi.judgeChange(withValue(stored, `spec.${field}`, value)));
  expect(said).toContain('spec cannot be changed: a run ends once');
});
