import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ApiRequest, KubernetesClient } from '../../../../operator/kubernetes/client.ts';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';
import type { Log } from '../../../../operator/kubernetes/log.ts';
import { type Leadership, startLeadership } from '../../../../operator/watch/leadership.ts';
import { type Lease, microTime } from '../../../../operator/watch/lease-record.ts';

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One Lease in memory, with the API server's preconditions. */
function aLeaseServer() {
  let lease: Lease | undefined;
  let version = 0;
  const server = {
    get lease() {
      return lease;
    },
    writes: 0,
    delete: () => {
      lease = undefined;
    },
    client: (isDown: () => boolean): KubernetesClient => ({
      request: <T>(request: ApiRequest) => handle(request, isDown()) as Promise<T>,
      watch: () => {
        throw new Error('not asked for');
      },
      nowMs: () => Date.now(),
      close: () => Promise.resolve(),
    }),
  };
  async function handle({ method, path, body, signal }: ApiRequest, down: boolean): Promise<unknown> {
    await Promise.resolve();
    signal?.throwIfAborted();
    const refuse = (status: number, reason: string) => new ApiError({ method, path, status, reason, message: '' });
    if (down) throw refuse(0, 'Unreachable');
    const given = body as Lease | undefined;
    if (method !== 'POST' && lease === undefined) throw refuse(404, 'NotFound');
    if (method === 'GET') return lease;
    if (method === 'POST' && lease !== undefined) throw refuse(409, 'AlreadyExists');
    if (method === 'PUT' && given?.metadata.resourceVersion !== lease?.metadata.resourceVersion)
      throw refuse(409, 'Conflict');
    server.writes++;
    lease = { ...given, metadata: { ...given?.metadata, resourceVersion: String(++version) } } as Lease;
    return lease;
  }
  return server;
}

function aCandidate(server: ReturnType<typeof aLeaseServer>, identity: string) {
  const state = { down: false, pausedMs: 0, terms: 0, acting: false };
  const leadership: Leadership = startLeadership({
    client: server.client(() => state.down),
    namespace: 'system',
    name: 'operator',
    identity,
    log,
    random: () => 0.5,
    // A pause of the process: its clocks went on while its timers stood still.
    clock: { read: () => ({ monotonicMs: performance.now() + state.pausedMs, wallMs: Date.now() + state.pausedMs }) },
    onStartedLeading: (signal) => {
      state.terms++;
      state.acting = true;
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          state.acting = false;
          resolve();
        });
      });
    },
  });
  return { leadership, state };
}

const advance = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('startLeadership() creates the Lease and acts at once when there is none', async () => {
  const server = aLeaseServer();
  const { leadership, state } = aCandidate(server, 'one');
  await advance(0);
  expect(leadership.isLeader()).toBe(true);
  expect(state.acting).toBe(true);
  expect(server.lease?.spec).toMatchObject({ holderIdentity: leadership.holder, leaseDurationSeconds: 6 });
  expect(leadership.holder).toMatch(/^one_/);
});

test('startLeadership() lets one of two act, and the other only after a whole lease duration of silence', async () => {
  const server = aLeaseServer();
  const one = aCandidate(server, 'one');
  const two = aCandidate(server, 'two');
  await advance(30_000);
  expect([one.state.acting, two.state.acting]).toEqual([true, false]);
  one.state.down = true;
  await advance(4_000);
  expect([one.leadership.isLeader(), one.state.acting]).toEqual([false, false]);
  expect(two.leadership.isLeader()).toBe(false);
  await advance(4_500);
  expect(two.leadership.isLeader()).toBe(true);
  expect(server.lease?.spec?.leaseTransitions).toBe(1);
});

test('startLeadership() never has two leaders, whenever either of them is cut off', async () => {
  const server = aLeaseServer();
  const candidates = [aCandidate(server, 'one'), aCandidate(server, 'two')];
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let led = 0;
  for (let elapsedMs = 0; elapsedMs < 600_000; elapsedMs += 100) {
    if (random() < 0.01) for (const { state } of candidates) state.down = random() < 0.5;
    await advance(100);
    const leaders = candidates.filter(({ leadership }) => leadership.isLeader()).length;
    expect(leaders).toBeLessThanOrEqual(1);
    led += leaders;
  }
  expect(led).toBeGreaterThan(1_000);
});

test('isLeader() is false at once after a pause of the process, before any timer has fired', async () => {
  const server = aLeaseServer();
  const { leadership, state } = aCandidate(server, 'one');
  await advance(1_500);
  expect(leadership.isLeader()).toBe(true);
  state.pausedMs = 4_000;
  expect(leadership.isLeader()).toBe(false);
});

test('startLeadership() acts again after a pause only as a new term, once the old one has settled', async () => {
  const server = aLeaseServer();
  const { leadership, state } = aCandidate(server, 'one');
  await advance(500);
  state.pausedMs = 10_000;
  await advance(1_000);
  expect(leadership.isLeader()).toBe(true);
  expect(state).toMatchObject({ terms: 2, acting: true });
});

test('stop() gives the Lease away, so that the next takes over at its next look', async () => {
  const server = aLeaseServer();
  const one = aCandidate(server, 'one');
  const two = aCandidate(server, 'two');
  await advance(3_000);
  await one.leadership.stop();
  expect(one.state.acting).toBe(false);
  expect(server.lease?.spec?.holderIdentity).toBe('');
  await advance(1_200);
  expect(two.leadership.isLeader()).toBe(true);
  await advance(10_000);
  expect([one.state.acting, two.state.acting]).toEqual([false, true]);
});

test('stop() keeps the Lease when the work does not settle', async () => {
  const server = aLeaseServer();
  const leadership = startLeadership({
    client: server.client(() => false),
    namespace: 'system',
    name: 'operator',
    identity: 'stubborn',
    log,
    onStartedLeading: () => new Promise(() => undefined),
  });
  await advance(1_000);
  const stopping = leadership.stop();
  await advance(4_000);
  await stopping;
  expect(leadership.isLeader()).toBe(false);
  expect(server.lease?.spec?.holderIdentity).toBe(leadership.holder);
});

test('stop() of a candidate leaves the Lease of the leader alone', async () => {
  const server = aLeaseServer();
  const one = aCandidate(server, 'one');
  const two = aCandidate(server, 'two');
  await advance(3_000);
  await two.leadership.stop();
  expect(server.lease?.spec?.holderIdentity).toBe(one.leadership.holder);
});

test('startLeadership() stops acting at once when its Lease is deleted, and another waits for the old holder', async () => {
  const server = aLeaseServer();
  const one = aCandidate(server, 'one');
  const two = aCandidate(server, 'two');
  await advance(5_000);
  server.delete();
  one.state.down = true;
  await advance(3_000);
  expect(two.leadership.isLeader()).toBe(false);
  await advance(6_000);
  expect([one.leadership.isLeader(), two.leadership.isLeader()]).toEqual([false, true]);
});

test('startLeadership() writes one renewal a second and nothing else', async () => {
  const server = aLeaseServer();
  aCandidate(server, 'one');
  aCandidate(server, 'two');
  await advance(100);
  const before = server.writes;
  await advance(10_000);
  expect(server.writes - before).toBe(10);
});

test('startLeadership() tries again when the work fails', async () => {
  const server = aLeaseServer();
  let terms = 0;
  const leadership = startLeadership({
    client: server.client(() => false),
    namespace: 'system',
    name: 'operator',
    identity: 'one',
    log,
    onStartedLeading: () => (++terms === 1 ? Promise.reject(new Error('broken')) : undefined),
  });
  await advance(3_000);
  expect(terms).toBe(2);
  expect(leadership.isLeader()).toBe(true);
});

test('microTime() has six digits', () => {
  expect(microTime(Date.parse('2026-01-01T00:00:00.5Z'))).toBe('2026-01-01T00:00:00.500000Z');
});
