import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { IssuerUnknownError } from '../../../../operator/api/issuer-keys.ts';
import { createVerifyPodToken } from '../../../../operator/api/verify-pod-token.ts';
import type { ApiRequest } from '../../../../operator/kubernetes/client.ts';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';

const issuer = 'https://kubernetes.default.svc';
const startMs = Date.parse('2026-01-01T00:00:00Z');
const identity = { namespace: 'shop', serviceAccount: 'default', podName: 'alice', podUid: 'run-1' };
const bound = {
  namespace: 'shop',
  pod: { name: 'alice', uid: 'run-1' },
  serviceaccount: { name: 'default', uid: 's' },
};

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let first: Keys;
let second: Keys;
let published: Record<'first' | 'second', JWK>;
beforeAll(async () => {
  [first, second] = [await generateKeyPair('RS256'), await generateKeyPair('ES256')];
  const jwk = async (keys: Keys, kid: string) => ({ ...(await exportJWK(keys.publicKey)), kid, use: 'sig' });
  published = { first: await jwk(first, 'first'), second: await jwk(second, 'second') };
});

interface Given {
  readonly by?: 'first' | 'second';
  readonly kid?: string;
  readonly iss?: string;
  readonly aud?: string[];
  readonly sub?: string;
  readonly expiresInS?: number;
  readonly claims?: JWTPayload;
}

function aToken(given: Given = {}): Promise<string> {
  const { by = 'first', kid = by, iss = issuer, aud = ['berth-operator'], expiresInS = 3600 } = given;
  const { sub = 'system:serviceaccount:shop:default', claims = { 'kubernetes.io': bound } } = given;
  return new SignJWT(claims)
    .setProtectedHeader({ alg: by === 'first' ? 'RS256' : 'ES256', kid })
    .setIssuer(iss)
    .setAudience(aud)
    .setSubject(sub)
    .setExpirationTime(startMs / 1000 + expiresInS)
    .sign((by === 'first' ? first : second).privateKey);
}

/** An API server that shows its first key, with a pod that the watch knows, unless told. */
function anApiServer() {
  const server = {
    nowMs: startMs,
    issuer,
    keys: [published.first],
    /** Uid of the pod "shop/alice" at the API server; undefined: there is none. */
    pod: 'run-1' as string | undefined,
    watched: 'run-1' as string | undefined,
    failing: 0,
    asked: [] as string[],
  };
  const client = {
    nowMs: () => server.nowMs,
    async request<T>({ method, path }: ApiRequest): Promise<T> {
      server.asked.push(path);
      const refuse = (status: number) => new ApiError({ method, path, status, reason: '', message: '' });
      if (server.failing > 0) throw refuse(server.failing);
      if (path === '/openid/v1/jwks') return { keys: server.keys } as T;
      if (path === '/.well-known/openid-configuration')
        return { issuer: server.issuer, jwks_uri: 'https://10.9.9.9/keys' } as T;
      if (path !== '/api/v1/namespaces/shop/pods/alice' || server.pod === undefined) throw refuse(404);
      return { metadata: { uid: server.pod } } as T;
    },
  };
  const findPod = (namespace: string, name: string) =>
    `${namespace}/${name}` === 'shop/alice' && server.watched !== undefined ? { uid: server.watched } : undefined;
  return Object.assign(server, { verify: createVerifyPodToken({ client, findPod }) });
}

test('verifyPodToken() tells whose token it is by the keys that the API server shows, and reads them once', async () => {
  const server = anApiServer();
  const token = await aToken();
  expect(await server.verify(token)).toEqual(identity);
  expect(await server.verify(token)).toEqual(identity);
  expect(await server.verify(await aToken({ expiresInS: 1800 }))).toEqual(identity);
  expect(server.asked).toEqual(['/.well-known/openid-configuration', '/openid/v1/jwks']);
});

test.each<{ name: string; given: Given }>([
  { name: 'another audience', given: { aud: ['https://kubernetes.default.svc'] } },
  { name: 'another issuer', given: { iss: 'https://elsewhere.example' } },
  { name: 'the signature of another key under a known name', given: { by: 'second', kid: 'first' } },
  { name: 'a time that is over', given: { expiresInS: -1 } },
  { name: 'no pod', given: { claims: { 'kubernetes.io': { ...bound, pod: undefined } } } },
  { name: 'no claims of Kubernetes', given: { claims: {} } },
  { name: 'another account than its claims say', given: { sub: 'system:serviceaccount:bank:default' } },
])('verifyPodToken() takes a token with $name for unauthenticated', async ({ given }) => {
  const server = anApiServer();
  expect(await server.verify(await aToken(given))).toBe('unauthenticated');
});

test.each(['', 'x'.repeat(10_000)])('verifyPodToken() asks nothing for an impossible token', async (token) => {
  const server = anApiServer();
  expect(await server.verify(token)).toBe('unauthenticated');
  expect(server.asked).toEqual([]);
});

test.each(['not.a.token', `${btoa('{"alg":"none"}')}.${btoa('{}')}.`])(
  'verifyPodToken() takes %s for unauthenticated',
  async (token) => {
    expect(await anApiServer().verify(token)).toBe('unauthenticated');
  },
);

test('verifyPodToken() asks the API server for a pod that the watch does not know, and refuses one that is gone', async () => {
  const server = anApiServer();
  server.watched = undefined;
  expect(await server.verify(await aToken())).toEqual(identity);
  server.pod = 'run-2'; // Made anew under the same name.
  expect(await server.verify(await aToken({ expiresInS: 60 }))).toBe('unauthenticated');
  server.pod = undefined;
  expect(await server.verify(await aToken({ expiresInS: 61 }))).toBe('unauthenticated');
});

test('verifyPodToken() reads the keys anew for one that it does not know, at most every 10 s', async () => {
  const server = anApiServer();
  await server.verify(await aToken());
  const reads = () => server.asked.filter((path) => path === '/openid/v1/jwks').length;
  for (const expiresInS of [100, 101, 102])
    expect(await server.verify(await aToken({ by: 'second', expiresInS }))).toBe('unauthenticated');
  expect(reads()).toBe(1);
  server.keys = [published.first, published.second];
  server.nowMs += 10_000;
  expect(await server.verify(await aToken({ by: 'second' }))).toEqual(identity);
  expect(reads()).toBe(2);
});

test('verifyPodToken() believes a token no longer than it is good, however long it remembers', async () => {
  const server = anApiServer();
  const token = await aToken({ expiresInS: 1 });
  expect(await server.verify(token)).toEqual(identity);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  server.nowMs += 2_000;
  expect(await server.verify(token)).toBe('unauthenticated');
});

test('verifyPodToken() says nothing of a token while the API server tells no keys, and goes on with those it knows', async () => {
  const server = anApiServer();
  server.failing = 403;
  await expect(server.verify(await aToken())).rejects.toThrow(IssuerUnknownError);
  server.failing = 0;
  expect(await server.verify(await aToken())).toEqual(identity);
  server.nowMs += 600_000;
  server.failing = 503;
  expect(await server.verify(await aToken({ expiresInS: 7200 }))).toEqual(identity);
});
