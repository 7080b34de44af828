import { expect, onTestFinished, test, vi } from 'vitest';
import { createLastOut } from '../../../../operator/act/last-out.ts';
import type { ApiRequest } from '../../../../operator/kubernetes/client.ts';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';
import { slimRoleBinding } from '../../../../operator/observe/slim-role-binding.ts';
import { createSlimCache } from '../../../../operator/watch/slim-cache.ts';
import { keptLog } from '../api/kept-log.ts';

const sessions = '/apis/berth.dev/v1alpha1/namespaces/a/whatsappsessions';
const pods = '/api/v1/namespaces/a/pods';
const ends = '/apis/berth.dev/v1alpha1/namespaces/a/sessionends';
const binding = '/apis/rbac.authorization.k8s.io/v1/namespaces/a/rolebindings/roles';

const object = (...finalizers: string[]) => ({ metadata: { namespace: 'a', name: 'one', finalizers } });
const aBinding = (isGoing: boolean) => ({
  metadata: {
    namespace: 'a',
    name: 'roles',
    uid: 'uid-1',
    resourceVersion: '1',
    finalizers: ['berth.dev/last-out'],
    ...(isGoing ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
});

/** Leads, with the RoleBinding of namespace "a" being deleted and these objects in it. */
function leading(given: { there: Record<string, object[]>; configured?: string[]; left?: string[]; going?: boolean }) {
  const { there, configured = ['a'], left = [], going = true } = given;
  const released: string[] = [];
  const written: string[][] = [];
  const givenUp: string[] = [];
  let isBound = true;
  const client = {
    async request<T>({ method, path }: ApiRequest): Promise<T> {
      if (path !== binding) return { metadata: {}, items: there[path] ?? [] } as T;
      if (!isBound) throw new ApiError({ method, path, status: 403, reason: 'Forbidden', message: '' });
      return aBinding(going) as T;
    },
  };
  const bindings = createSlimCache({ slim: slimRoleBinding });
  bindings.apply('ADDED', aBinding(going));
  const log = keptLog();
  const leftNow = new Set(left);
  const lastOut = createLastOut({
    client,
    bindings,
    configured: new Set(configured),
    left: leftNow,
    roleName: 'roles',
    record: { read: async () => [], write: async (namespaces) => void written.push([...namespaces]) },
    async releaseRoles(namespace) {
      released.push(namespace);
      isBound = false;
      return true;
    },
    onGivenUp: async (namespace) => void givenUp.push(namespace),
    log,
  });
  const stopped = new AbortController();
  const led = lastOut.lead(stopped.signal);
  onTestFinished(async () => {
    stopped.abort();
    await led;
  });
  return { released, written, givenUp, log, there };
}

test.each([
  { name: 'a session with our finalizer', there: { [sessions]: [object('berth.dev/teardown')] } },
  { name: 'a session that could still get it', there: { [sessions]: [object()] } },
  { name: 'a pod with our finalizer', there: { [pods]: [object('berth.dev/session-end')] } },
  { name: 'a record that waits for its receiver', there: { [ends]: [object('berth.dev/delivery')] } },
])('the rights in a namespace that goes are kept for $name, and given up after it', async ({ there }) => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const seen = leading({ there });
  await vi.advanceTimersByTimeAsync(2_100);
  expect(seen.released).toEqual([]);
  expect(seen.log.lines.filter((line) => line.includes('are kept until'))).toHaveLength(1);
  for (const path of Object.keys(there)) delete (seen.there as Record<string, unknown>)[path];
  await vi.advanceTimersByTimeAsync(6_000);
  expect(seen.released).toEqual(['a']);
});

test('others’ finalizers, records that are told, and pods that are none of ours keep no rights', async () => {
  const there = { [pods]: [object('example.com/other')], [ends]: [object()] };
  const { released } = leading({ there });
  await vi.waitFor(() => expect(released).toEqual(['a']));
});

test('a RoleBinding that is not being deleted is left alone', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { released, written } = leading({ there: {}, going: false });
  await vi.advanceTimersByTimeAsync(4_100);
  expect([released, written]).toEqual([[], [['a']]]);
});

test('a namespace that was left is given up with its sessions in it, once they are let go of, and is forgotten', async () => {
  const { released, written, givenUp } = leading({ there: { [sessions]: [object()] }, configured: ['b'], left: ['a'] });
  await vi.waitFor(() => expect(givenUp).toEqual(['a']));
  expect([released, written]).toEqual([['a'], [['b', 'a'], ['b']]]);
});

test('an operator that watches all namespaces gives Roles of before up at once: its rights are others', async () => {
  const there = { [sessions]: [object('berth.dev/teardown')] };
  const { released, written } = leading({ there, configured: [], left: ['a'] });
  await vi.waitFor(() => expect(written).toEqual([['a'], []]));
  expect(released).toEqual(['a']);
});
