import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, expect, onTestFailed, onTestFinished, test, vi } from 'vitest';
import { createKubernetesClient } from '../../operator/kubernetes/create-client.ts';
import { startLeadership } from '../../operator/watch/leadership.ts';
import type { Lease } from '../../operator/watch/lease-record.ts';
import { isWrite } from './fault-proxy.ts';
import { keepingLog, type ProxiedApi, startProxiedApi } from './proxied-api.ts';

let api: ProxiedApi;
let namespace: string;

beforeAll(async () => {
  api = await startProxiedApi('leadership');
});
afterAll(() => api.stop());
beforeEach(async () => {
  namespace = await api.newNamespace();
});

/** A candidate in a process of its own. */
interface Candidate {
  readonly process: ChildProcess;
  /** When it could act, in milliseconds since the epoch. */
  readonly actedAtMs: readonly number[];
  readonly lines: readonly string[];
}

function startCandidate(identity: string, kubeconfigPath: string): Candidate {
  const file = join(import.meta.dirname, 'leadership-candidate.ts');
  const child = spawn(process.execPath, [file, namespace, identity], {
    env: { ...process.env, KUBECONFIG: kubeconfigPath },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const actedAtMs: number[] = [];
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { atMs, acts } = JSON.parse(line) as { atMs: number; acts?: true };
    if (acts) actedAtMs.push(atMs);
    else lines.push(`${identity} ${line}`);
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  onTestFailed(() => console.info(lines.join('\n')));
  return { process: child, actedAtMs, lines };
}

/** Waits until a candidate acts after a moment, and gives the milliseconds since it. */
async function actsAfter({ actedAtMs }: Candidate, momentMs: number, withinMs: number): Promise<number> {
  const first = await vi.waitFor(
    () => {
      const at = actedAtMs.find((atMs) => atMs > momentMs);
      expect(at).toBeDefined();
      return at ?? 0;
    },
    { timeout: withinMs, interval: 20 },
  );
  return first - momentMs;
}

/** Whether the two ever acted within the same stretch of time. */
function everTogether(one: Candidate, two: Candidate): boolean {
  const all = [
    ...one.actedAtMs.map((atMs) => ({ atMs, who: 1 })),
    ...two.actedAtMs.map((atMs) => ({ atMs, who: 2 })),
  ].sort((a, b) => a.atMs - b.atMs);
  const handovers = all.filter(({ who }, index) => index > 0 && all[index - 1]?.who !== who).length;
  return handovers > 1;
}

/** Two candidates of which the first acts and the second has looked at its Lease: only then can a failure test anything. */
async function startTwo(): Promise<[Candidate, Candidate]> {
  const one = startCandidate('one', api.kubeconfigPath);
  await actsAfter(one, 0, 20_000);
  const two = startCandidate('two', api.proxy.kubeconfigPath);
  await vi.waitFor(() => expect(looksOfTwo()).toBeGreaterThan(0), { timeout: 20_000 });
  return [one, two];
}

const looksOfTwo = () =>
  api.proxy.requests.filter(({ path, status }) => path.includes(`/${namespace}/leases/`) && status === 200).length;

const lease = () =>
  api.direct.request<Lease>({
    method: 'GET',
    path: `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/operator`,
  });

test('startLeadership() lets one of two processes act; when it is killed, the other does within 8 s', async () => {
  const [one, two] = await startTwo();
  await vi.waitFor(() => expect(looksOfTwo()).toBeGreaterThan(3), { timeout: 10_000 });
  expect(two.actedAtMs).toEqual([]);
  one.process.kill('SIGKILL');
  const killedAtMs = Date.now();
  const afterMs = await actsAfter(two, killedAtMs, 12_000);
  console.info(`The other acted ${afterMs} ms after the leader was killed`);
  expect(everTogether(one, two)).toBe(false);
}, 60_000);

test('startLeadership() hands over at once when the leader is stopped properly', async () => {
  const [one, two] = await startTwo();
  one.process.kill('SIGTERM');
  await once(one.process, 'exit');
  const stoppedAtMs = Date.now();
  const afterMs = await actsAfter(two, stoppedAtMs, 5_000);
  console.info(`The other acted ${afterMs} ms after the leader had stopped`);
  expect(everTogether(one, two)).toBe(false);
}, 60_000);

test('startLeadership() lets a leader that was frozen and wakes act no more', async () => {
  const [one, two] = await startTwo();
  one.process.kill('SIGSTOP');
  const frozenAtMs = Date.now();
  await actsAfter(two, frozenAtMs, 12_000);
  const wokenAtMs = Date.now();
  one.process.kill('SIGCONT');
  await vi.waitFor(() => expect(one.lines.some((line) => line.includes('Leadership ended'))).toBe(true), 5_000);
  await actsAfter(two, wokenAtMs + 1_000, 5_000);
  expect(one.actedAtMs.filter((atMs) => atMs > wokenAtMs)).toEqual([]);
  expect(everTogether(one, two)).toBe(false);
}, 60_000);

test('startLeadership() stops acting before its Lease can be taken when the API server does not answer', async () => {
  const client = createKubernetesClient({ kubeconfigPath: api.proxy.kubeconfigPath });
  const log = keepingLog();
  const ended = Promise.withResolvers<void>();
  const leadership = startLeadership({
    client,
    namespace,
    name: 'operator',
    identity: 'one',
    log,
    onStartedLeading: (signal) => signal.addEventListener('abort', () => ended.resolve()),
  });
  onTestFailed(() => console.info(log.lines.join('\n')));
  await vi.waitFor(() => expect(leadership.isLeader()).toBe(true), 10_000);
  const silence = api.proxy.fault(() => true, { type: 'silence' });
  const sinceMs = performance.now();
  await ended.promise;
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
  expect(leadership.isLeader()).toBe(false);
  silence.remove();
  await vi.waitFor(() => expect(leadership.isLeader()).toBe(true), 10_000);
  await leadership.stop();
  expect((await lease()).spec?.holderIdentity).toBe('');
  await client.close();
}, 60_000);

test('startLeadership() goes on leading when the answer to a renewal was lost', async () => {
  const client = createKubernetesClient({ kubeconfigPath: api.proxy.kubeconfigPath });
  const log = keepingLog();
  let terms = 0;
  const leadership = startLeadership({
    client,
    namespace,
    name: 'operator',
    identity: 'one',
    log,
    onStartedLeading: () => void terms++,
  });
  onTestFailed(() => console.info(log.lines.join('\n')));
  await vi.waitFor(() => expect(leadership.isLeader()).toBe(true), 10_000);
  const fault = api.proxy.fault(isWrite, { type: 'cut-answer' }, 2);
  await vi.waitFor(() => expect(fault.hits).toBe(2), 10_000);
  const before = (await lease()).spec?.renewTime;
  await vi.waitFor(async () => expect((await lease()).spec?.renewTime).not.toBe(before), 5_000);
  expect([leadership.isLeader(), terms]).toEqual([true, 1]);
  await leadership.stop();
  await client.close();
}, 60_000);
