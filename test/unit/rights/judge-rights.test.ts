import type { Right } from '@berth/operator/operator-rights.ts';
import { expect, test } from 'vitest';
import { judgeRights } from '../../rights/judge-rights.ts';
import { callsIn, type RawAuditEvent } from '../../rights/operator-calls.ts';

const operator = 'system:serviceaccount:berth-system:berth-operator';
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

/** A request of an operator that was allowed and answered, but for what a case says. */
function event(verb: string, objectRef: RawAuditEvent['objectRef'], but: Partial<RawAuditEvent> = {}): RawAuditEvent {
  return {
    verb,
    requestURI: '/api/v1/some?limit=1',
    user: { username: operator },
    userAgent: 'berth-operator',
    ...(objectRef === undefined ? {} : { objectRef }),
    responseStatus: { code: 200 },
    requestReceivedTimestamp: at(10),
    stageTimestamp: at(10),
    annotations: { 'authorization.k8s.io/decision': 'allow' },
    ...but,
  };
}
const forbidden: Partial<RawAuditEvent> = {
  responseStatus: { code: 403, message: 'no' },
  annotations: { 'authorization.k8s.io/decision': 'forbid' },
};
const refusedBy = (message: string, ...reasons: string[]): Partial<RawAuditEvent> => ({
  responseStatus: { code: 403, message, details: { causes: reasons.map((reason) => ({ reason })) } },
});

const getPods: Right = { verb: 'get', group: '', resource: 'pods' };
const patchStatus: Right = {
  verb: 'patch',
  group: 'berth.dev',
  resource: 'whatsappsessions/status',
};
const patchCa: Right = {
  verb: 'patch',
  group: '',
  resource: 'configmaps',
  name: 'berth-ca',
};
const updateLease: Right = {
  verb: 'update',
  group: 'coordination.k8s.io',
  resource: 'leases',
  name: 'berth-operator',
  namespace: 'berth-system',
};
const session = { apiGroup: 'berth.dev', resource: 'whatsappsessions', namespace: 'shop', name: 'ada' };
const lease = {
  apiGroup: 'coordination.k8s.io',
  resource: 'leases',
  namespace: 'berth-system',
  name: 'berth-operator',
};
const pod = { resource: 'pods', namespace: 'shop', name: 'ada' };

const judge = (events: readonly RawAuditEvent[], granted: readonly Right[], rare: readonly Right[] = []) =>
  judgeRights(
    callsIn(events),
    granted,
    rare.map((right) => ({ right, neededWhen: 'the moon is full', shownBy: 'a telescope' })),
  );

test('judgeRights() finds nothing where all that is granted was called, and nothing else', () => {
  const events = [event('get', pod), event('patch', { ...session, subresource: 'status' }), event('update', lease)];
  const { missing, refused, unused, uses } = judge(events, [getPods, patchStatus, updateLease]);
  expect({ missing, refused, unused }).toEqual({ missing: [], refused: [], unused: [] });
  expect([...uses.values()]).toEqual([1, 1, 1]);
});

test.each<{ name: string; event: RawAuditEvent; granted: Right }>([
  { name: 'another verb', event: event('list', pod), granted: getPods },
  { name: 'another group', event: event('get', { ...pod, apiGroup: 'metrics.k8s.io' }), granted: getPods },
  { name: 'a subresource', event: event('get', { ...pod, subresource: 'log' }), granted: getPods },
  { name: 'the resource instead of its status', event: event('patch', session), granted: patchStatus },
  {
    name: 'another object than the one that is named',
    event: event('patch', { resource: 'configmaps', namespace: 'shop', name: 'other' }),
    granted: patchCa,
  },
  {
    name: 'another namespace than its own',
    event: event('update', { ...lease, namespace: 'shop' }),
    granted: updateLease,
  },
  { name: 'a path that is no resource', event: event('get', undefined), granted: getPods },
  { name: 'another client with the same account', event: event('list', pod, { userAgent: 'curl' }), granted: getPods },
])('judgeRights() misses the right to $name, and does not take the granted one for used', (given) => {
  const { missing, unused } = judge(
    [event('create', pod), given.event],
    [{ ...getPods, verb: 'create' }, given.granted],
  );
  expect(missing).toHaveLength(1);
  expect(unused).toHaveLength(1);
});

test('judgeRights() tells what is missing with an example and how often', () => {
  const { missing } = judge(
    [event('list', pod, forbidden), event('list', { ...pod, name: 'bob' }, forbidden)],
    [getPods],
  );
  expect(missing).toEqual([
    '"berth-system/berth-operator" called list core/pods 2 times, at first on "ada" in "shop" with the answer 403, "no"',
  ]);
});

test('judgeRights() asks nothing of what every account may, and leaves others alone', () => {
  const review = { apiGroup: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' };
  const others = [{ username: 'admin' }, { username: 'system:serviceaccount:kube-system:gardener' }];
  const events = others.map((user) => event('delete', pod, { user, userAgent: 'kubectl' }));
  const { missing } = judge([event('create', review, { userAgent: 'berth-check' }), ...events], []);
  expect(missing).toEqual([]);
});

test('judgeRights() takes a right for unused that was only refused, but for rare events', () => {
  const events = [event('get', pod, forbidden)];
  expect(judge(events, [getPods]).unused).toEqual(['get core/pods everywhere']);
  expect(judge(events, [getPods], [getPods]).unused).toEqual([]);
  expect(judge(events, [{ ...getPods, namespace: 'team' }], [getPods]).unused).toEqual([]);
});

test.each([
  { name: 'by the authorizer', but: forbidden, finds: 1 },
  { name: 'by a quota', but: refusedBy('exceeded quota'), finds: 1 },
  { name: 'in a namespace that goes', but: refusedBy('is being terminated', 'NamespaceTerminating'), finds: 0 },
])('judgeRights() judges what was refused $name', ({ but, finds }) => {
  expect(judge([event('get', pod, but)], [getPods]).refused).toHaveLength(finds);
});

test('judgeRights() expects an operator that ends to be refused while an uninstall has taken its binding, and only then', () => {
  const helm = { user: { username: 'admin' }, userAgent: 'Helm/3.19.5' };
  const binding = { apiGroup: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings', name: 'berth-operator' };
  const write = (verb: string, second: number) =>
    event(verb, binding, { ...helm, requestReceivedTimestamp: at(second), stageTimestamp: at(second) });
  const get = (second: number) => event('get', pod, { ...forbidden, requestReceivedTimestamp: at(second) });
  const refusals = (...events: RawAuditEvent[]) => judge(events, [getPods]).refused.length;
  expect(refusals(write('delete', 10), get(11), write('create', 20))).toBe(0);
  expect(refusals(write('delete', 10), get(11))).toBe(0);
  expect(refusals(write('delete', 10), write('create', 20), get(9), get(26))).toBe(1);
  expect(refusals(get(11), write('create', 20))).toBe(1);
});

test('judgeRights() expects refusals in a namespace whose rights the operator has given up itself, and in no other', () => {
  const binding = {
    apiGroup: 'rbac.authorization.k8s.io',
    resource: 'rolebindings',
    namespace: 'shop',
    name: 'berth-operator-sessions',
  };
  const given: readonly Right[] = [
    { ...getPods, namespace: 'team' },
    { verb: 'patch', group: binding.apiGroup, resource: 'rolebindings', name: binding.name, namespace: 'team' },
  ];
  const get = (second: number, namespace = 'shop') =>
    event('get', { ...pod, namespace }, { ...forbidden, requestReceivedTimestamp: at(second) });
  const { missing, refused } = judge([event('patch', binding), get(11), get(59)], given);
  expect({ missing, refused }).toEqual({ missing: [], refused: [] });
  expect(judge([event('patch', binding), get(9)], given).refused).toHaveLength(1);
  expect(judge([event('patch', binding), get(11, 'pier')], given).refused).toHaveLength(1);
});

test('judgeRights() counts what an install by another name did for the one that was rendered', () => {
  const user = { username: 'system:serviceaccount:pier:pier-berth-operator' };
  const own = event('update', { ...lease, namespace: 'pier', name: 'pier-berth-operator' }, { user });
  expect(judge([own], [updateLease])).toMatchObject({ missing: [], unused: [] });
  const foreign = event('update', lease, { user });
  expect(judge([foreign], [updateLease]).missing).toHaveLength(1);
});

test.each([
  { granted: 'berth-system', called: 'berth-system', finds: 0 },
  { granted: 'berth-system', called: 'shop', finds: 1 },
  { granted: 'berth-system', called: undefined, finds: 1 },
  { granted: 'team', called: 'shop', finds: 0 },
  { granted: 'team', called: 'berth-system', finds: 1 },
  { granted: 'team', called: undefined, finds: 1 },
] as const)('judgeRights() has $finds to say of a call in "$called" that is granted in "$granted"', (given) => {
  const { granted: namespace, called, finds } = given;
  const list = event('list', { resource: 'pods', ...(called === undefined ? {} : { namespace: called }) });
  expect(judge([list], [{ ...getPods, verb: 'list', namespace }]).missing).toHaveLength(finds);
});
