import { type KeyObject, X509Certificate } from 'node:crypto';
import { createRotation, type Rotation } from '@berth/operator/act/rotation.ts';
import { createPublishTrust } from '@berth/operator/act/trust.ts';
import type { ApiRequest, KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { ApiError } from '@berth/operator/kubernetes/errors.ts';
import type { CertificateAuthority } from '@berth/operator/pods/certificate-authority.ts';
import { createTrustStore } from '@berth/operator/pods/trust-store.ts';
import { caConfigMap, path, rotateAnnotation } from '@berth/operator/resource/names.ts';
import { expect, test } from 'vitest';
import { anOperatorAuthority } from '../../../builders/an-operator-authority.ts';
import { keptLog } from '../api/kept-log.ts';
import { secretsInMemory } from '../pods/secrets-in-memory.ts';

const namespace = 'berth-system';
const dayMs = 24 * 3_600_000;
const bornMs = Date.parse('2026-01-01T00:00:00Z');
const timing = { lifetimeMs: 3_652 * dayMs, renewBeforeMs: 365 * dayMs, publishMs: dayMs };
const { signal } = new AbortController();
const secretPath = path.secret(namespace, 'berth-ca');

interface Replica {
  readonly authority: CertificateAuthority;
  readonly rotation: Rotation;
}

/** Some replicas over one API server in memory, all by the same clock, and a pod that reads the CA again once a day. */
async function aWorld(sessionNamespaces: readonly string[] = ['shop']) {
  const api = secretsInMemory();
  const clock = { nowMs: bornMs };
  const log = keptLog();
  /** Stops the n-th write from now, before or after it is done, as the death of the operator would. */
  const fault: { writesLeft: number; when: 'before' | 'after' } = { writesLeft: 0, when: 'before' };
  const refusing = new Set<string>();
  const client = {
    async request<T>(request: ApiRequest): Promise<T> {
      const { method, path: at } = request;
      const isHit = method !== 'GET' && fault.writesLeft > 0 && --fault.writesLeft === 0;
      const died = new ApiError({ method, path: at, status: 0, reason: 'Died', message: 'the operator died' });
      if (isHit && fault.when === 'before') throw died;
      const isRefused = [...refusing].some((each) => at.startsWith(`/api/v1/namespaces/${each}/`));
      if (isRefused) throw new ApiError({ method, path: at, status: 403, reason: 'Forbidden', message: 'by a policy' });
      const answer = await api.request<T>(request);
      if (isHit) throw died;
      return answer;
    },
  } as KubernetesClient;

  async function aReplica(): Promise<Replica> {
    const authority = await anOperatorAuthority({ client: api, namespace, nowMs: () => clock.nowMs });
    const rotation = createRotation({
      store: createTrustStore(client, namespace),
      authority,
      timing,
      publishTrust: createPublishTrust({ client, authority }),
      namespaces: () => new Set(sessionNamespaces),
      nowMs: () => clock.nowMs,
      log,
    });
    return { authority, rotation };
  }

  const bundleIn = (of: string) => api.objects.get(path.configMap(of, caConfigMap))?.data['ca.crt'] ?? '';
  return { api, clock, fault, refusing, log, aReplica, bundleIn };
}

const certificatesIn = (pem: string) => (pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).length;

/** Takes all steps that are due. */
async function settle({ rotation }: Replica): Promise<void> {
  for (let steps = 0; (await rotation.advance(signal)) === 0; steps++) expect(steps).toBeLessThan(20);
}

async function signerOf({ authority }: Replica): Promise<X509Certificate> {
  return new X509Certificate((await authority.issueServer(['localhost'])).certPem);
}

const isTrusted = (certificate: X509Certificate, bundle: string, nowMs: number) =>
  (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).some((block) => {
    const root = new X509Certificate(block);
    const key: KeyObject = root.publicKey;
    return certificate.checkIssued(root) && certificate.verify(key) && nowMs < root.validToDate.getTime();
  });

test.each(['before', 'after'] as const)(
  'createRotation() shows every pod a certificate that it trusts for 20 years, dying %s one write after the other',
  async (when) => {
    const { clock, fault, aReplica, bundleIn } = await aWorld();
    fault.when = when;
    let leader = await aReplica();
    const follower = await aReplica();
    await settle(leader);
    let podReads = bundleIn('shop');
    const signers = new Set<string>();
    let deaths = 0;
    for (let day = 0; day < 20 * 365; ) {
      clock.nowMs = bornMs + day * dayMs;
      fault.writesLeft = 1 + (deaths % 3);
      try {
        await settle(leader);
      } catch {
        deaths++;
        leader = await aReplica(); // It reads what the one before has left.
      }
      for (const replica of [leader, follower]) {
        signers.add(replica.authority.issuer);
        expect(isTrusted(await signerOf(replica), podReads, clock.nowMs), `on day ${day}`).toBe(true);
      }
      podReads = bundleIn('shop');
      await follower.rotation.look();
      const { next, former } = leader.authority.state;
      day += next === undefined && former === undefined ? 60 : 0.9; // Where nothing is under way, days are alike.
    }
    expect(deaths).toBeGreaterThan(4);
    expect(signers.size).toBe(3);
    expect(certificatesIn(podReads)).toBe(1);
  },
  60_000,
);

test('createRotation() answers an annotation by one rotation, and takes the annotation off', async () => {
  const { api, clock, log, aReplica, bundleIn } = await aWorld(['shop', 'office']);
  const leader = await aReplica();
  await settle(leader);
  const [before, issuer] = [bundleIn('office'), leader.authority.issuer];
  await api.request({
    method: 'PATCH',
    path: secretPath,
    body: { metadata: { annotations: { [rotateAnnotation]: 'now' } } },
  });
  await settle(leader);
  expect(api.objects.get(secretPath)?.metadata.annotations).toEqual({});
  expect(certificatesIn(bundleIn('shop'))).toBe(2);
  expect(bundleIn('office')).toContain(before.trim());
  expect(leader.authority.issuer).toBe(issuer);

  clock.nowMs += dayMs;
  await settle(leader);
  expect(leader.authority.issuer).not.toBe(issuer);
  expect(certificatesIn(bundleIn('shop'))).toBe(2);
  clock.nowMs += dayMs;
  await settle(leader);
  expect(certificatesIn(bundleIn('shop'))).toBe(1);
  expect(bundleIn('office')).not.toContain(before.trim());
  const after = api.requests.length;
  clock.nowMs += 100 * dayMs;
  await settle(leader);
  expect(api.requests.slice(after)).toEqual(['GET']);
  expect(log.lines.join('\n')).not.toMatch(/PRIVATE|BEGIN/);
});

test('createRotation() waits for a namespace that refuses the new CA, and says so', async () => {
  const { api, clock, refusing, log, aReplica, bundleIn } = await aWorld(['shop', 'strict']);
  const leader = await aReplica();
  await settle(leader);
  const { issuer } = leader.authority;
  const body = { metadata: { annotations: { [rotateAnnotation]: 'now' } } };
  await api.request({ method: 'PATCH', path: secretPath, body });
  refusing.add('strict');
  await settle(leader);
  clock.nowMs += 10 * dayMs;
  await settle(leader);
  expect(certificatesIn(bundleIn('shop'))).toBe(2);
  expect(leader.authority.issuer).toBe(issuer);
  expect(log.lines.join('\n')).toContain('CA is not published in every namespace');
  refusing.clear();
  await settle(leader);
  clock.nowMs += dayMs;
  await settle(leader);
  expect(leader.authority.issuer).not.toBe(issuer);
});

test('createRotation() begins the wait anew when a namespace lost the new CA meanwhile', async () => {
  const { api, clock, aReplica, bundleIn } = await aWorld();
  const leader = await aReplica();
  await settle(leader);
  const { issuer } = leader.authority;
  const old = bundleIn('shop');
  const body = { metadata: { annotations: { [rotateAnnotation]: 'now' } } };
  await api.request({ method: 'PATCH', path: secretPath, body });
  await settle(leader);
  await api.request({ method: 'PATCH', path: path.configMap('shop', caConfigMap), body: { data: { 'ca.crt': old } } });
  clock.nowMs += dayMs;
  await settle(leader);
  expect(leader.authority.issuer).toBe(issuer);
  expect(certificatesIn(bundleIn('shop'))).toBe(2);
  clock.nowMs += dayMs;
  await settle(leader);
  expect(leader.authority.issuer).not.toBe(issuer);
});

test('createRotation() writes a Secret back that somebody deleted', async () => {
  const { api, log, aReplica } = await aWorld();
  const leader = await aReplica();
  await settle(leader);
  const before = api.objects.get(secretPath)?.data;
  await api.request({ method: 'DELETE', path: secretPath });
  await settle(leader);
  expect(api.objects.get(secretPath)?.data).toEqual(before);
  expect(log.lines.join('\n')).toContain('Secret of the CA was gone');
});

test('createRotation() leaves a Secret alone that it cannot read, and works with what it knows', async () => {
  const { api, aReplica } = await aWorld();
  const leader = await aReplica();
  await settle(leader);
  const body = { data: { 'ca.key': Buffer.from('-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n').toString('base64') } };
  await api.request({ method: 'PATCH', path: secretPath, body });
  const attempt = leader.rotation.advance(signal);
  await expect(attempt).rejects.toThrow('"ca.key" holds no private key');
  await expect(attempt).rejects.not.toThrow('c2VjcmV0');
  expect(api.objects.get(secretPath)?.data['ca.key']).toBe(body.data['ca.key']);
  await signerOf(leader);
});
