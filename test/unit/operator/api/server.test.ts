import { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { reportPath } from '@berth/protocol';
import { Registry } from 'prom-client';
import { Agent, request } from 'undici';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Reception } from '../../../../operator/api/reports.ts';
import { reportRoute } from '../../../../operator/api/routes/report.post.ts';
import { type ApiServersOptions, startApiServers } from '../../../../operator/api/server.ts';
import type { KubernetesClient } from '../../../../operator/kubernetes/client.ts';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';
import {
  type CertificateAuthority,
  ensureCertificateAuthority,
} from '../../../../operator/pods/certificate-authority.ts';
import { postReport } from '../../../../session-pod/deliver/post-report.ts';
import { secretsInMemory } from '../pods/secrets-in-memory.ts';
import { keptLog } from './kept-log.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

let authority: CertificateAuthority;
beforeAll(async () => {
  const client = secretsInMemory() as unknown as KubernetesClient;
  authority = await ensureCertificateAuthority({ client, namespace: 'berth-system', nowMs: Date.now });
});

const report = {
  runUid: 'run-1',
  sequence: 1,
  state: 'ready',
  stateSince: '2026-01-01T00:00:00Z',
  reconnects: 0,
  certificateSha256: 'a'.repeat(64),
} as const;
const identity = { namespace: 'shop', serviceAccount: 'default', podName: 'alice', podUid: 'run-1' };

async function servers(overrides: Partial<ApiServersOptions> = {}) {
  const issued = await authority.issueServer(['localhost']);
  const log = keptLog();
  const started = await startApiServers({
    ports: { api: 0, health: 0 },
    host: '127.0.0.1',
    keyPair: async () => issued,
    routes: [],
    notReady: () => undefined,
    registry: new Registry(),
    log,
    ...overrides,
  });
  cleanups.push(() => started.close());
  const url = `https://localhost:${started.ports.api}`;
  const health = async (path: string) => {
    const { statusCode, body } = await request(`http://127.0.0.1:${started.ports.health}${path}`);
    return `${statusCode} ${(await body.text()).trim()}`;
  };
  return { ...started, log, url, health };
}

/** Reports go to a receiver that answers them all alike. */
function receiving(reception: Reception | Error, isKnown = true) {
  const rejected: string[] = [];
  const route = reportRoute({
    identifyPod: async (token) => (isKnown && token === 'good' ? identity : 'unauthenticated'),
    reports: {
      receive: async () => {
        if (reception instanceof Error) throw reception;
        return reception;
      },
    },
    onRejected: (reason) => void rejected.push(reason),
    log: keptLog(),
  });
  return { route, rejected };
}

const apiError = (status: number) => new ApiError({ method: 'PATCH', path: '/x', status, reason: '', message: 'no' });

test.each<[Reception | Error, string, number, string[]]>([
  ['accepted', 'good', 200, []],
  ['accepted', 'bad', 401, ['unauthenticated']],
  ['forbidden', 'good', 403, ['forbidden']],
  ['pod_gone', 'good', 410, ['pod_gone']],
  ['run_killed', 'good', 410, ['run_killed']],
  ['too_busy', 'good', 503, ['too_busy']],
  [apiError(0), 'good', 503, ['unavailable']],
  [apiError(403), 'good', 503, ['unavailable']],
  [apiError(422), 'good', 400, ['bad_request']],
])("a pod's report gets, for %s with a %s token, %i", async (reception, token, status, expected) => {
  const { route, rejected } = receiving(reception);
  const { url } = await servers({ routes: [route] });
  const target = { operatorUrl: url, ca: authority.caPem, token, timeoutMs: 2_000 };
  expect(await postReport(report, target)).toBe(status);
  expect(rejected).toEqual(expected);
});

async function post(url: string, body: string, headers: Record<string, string> = {}, method = 'POST') {
  const dispatcher = new Agent({ connect: { ca: authority.caPem } });
  cleanups.push(() => dispatcher.destroy());
  const answer = await request(url, {
    dispatcher,
    method,
    body,
    headers: { authorization: 'Bearer good', ...headers },
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    problem: (await answer.body.json()) as { detail: string },
  };
}

test.each([
  ['{"runUid": 7}', '"runUid" is not a uid'],
  ['{', 'it is not JSON'],
  [JSON.stringify({ ...report, message: 'x'.repeat(20_000) }), 'it has more than 16384 bytes'],
])('a malformed report is told what is wrong', async (body, detail) => {
  const { url } = await servers({ routes: [receiving('accepted').route] });
  const answer = await post(url + reportPath, body);
  expect(answer.status).toBe(400);
  expect(answer.problem.detail).toContain(detail);
  expect(answer.headers['content-type']).toBe('application/problem+json');
});

test('startApiServers() answers unknown paths and methods with problems', async () => {
  const { url } = await servers({ routes: [receiving('accepted').route] });
  expect((await post(`${url}/elsewhere`, '')).status).toBe(404);
  const wrong = await post(url + reportPath, '', {}, 'PUT');
  expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'POST']);
});

test('startApiServers() tells nothing of an internal failure, and logs it', async () => {
  const handle = () => Promise.reject(new Error('the secret detail'));
  const { url, log } = await servers({ routes: [{ method: 'POST', path: '/x', handle }] });
  const answer = await post(`${url}/x`, '');
  expect(answer.status).toBe(500);
  expect(JSON.stringify(answer.problem)).not.toContain('secret');
  expect(log.lines).toHaveLength(1);
});

test('startApiServers() serves health, readiness with its reason, and metrics', async () => {
  let missing: string | undefined = 'the watch of pods has not listed yet';
  const { health } = await servers({ notReady: () => missing });
  expect(await health('/healthz')).toBe('200 ok');
  expect(await health('/readyz')).toBe('503 not ready: the watch of pods has not listed yet');
  missing = undefined;
  expect(await health('/readyz')).toBe('200 ok');
  expect(await health('/metrics')).toMatch(/^200/);
  expect(await health('/elsewhere')).toBe('404 not found');
});

test('startApiServers() changes the certificate without a restart', async () => {
  const [first, second] = [await authority.issueServer(['localhost']), await authority.issueServer(['localhost'])];
  let current = first;
  const { ports } = await servers({ keyPair: async () => current, renewalCheckMs: 10 });
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const socket: TLSSocket = connect({
        port: ports.api,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: authority.caPem,
      });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
    });
  expect(await shown()).toBe(new X509Certificate(first.certPem).fingerprint256);
  current = second;
  await expect.poll(shown).toBe(new X509Certificate(second.certPem).fingerprint256);
});

test('close() ends within 2 s although a request hangs', async () => {
  const arrived = Promise.withResolvers<void>();
  const handle = () => {
    arrived.resolve();
    return new Promise<never>(() => undefined);
  };
  const started = await servers({ routes: [{ method: 'POST', path: '/x', handle }] });
  const hanging = post(`${started.url}/x`, '').then(
    () => 'answered',
    () => 'cut',
  );
  await arrived.promise;
  const startedMs = performance.now();
  await started.close();
  expect(performance.now() - startedMs).toBeLessThan(2_500);
  expect(await hanging).toBe('cut');
});
