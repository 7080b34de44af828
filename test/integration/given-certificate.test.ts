import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { caConfigMap, path } from '@berth/operator/resource/names.ts';
import { afterAll, beforeAll, expect, onTestFailed, onTestFinished, test } from 'vitest';
import { aCertificateAuthority, type TestAuthority } from '../builders/a-certificate-authority.ts';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ScriptedKubelet, startScriptedKubelet } from '../fakes/scripted-kubelet.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { createSessionWorld, type SessionWorld } from './session-world.ts';
import { startTrustingPod } from './trusting-pod.ts';

/** A server of its own: operators of other files' tests would act on its sessions. */
let server: TestApiServer;
let world: SessionWorld;
let kubelet: ScriptedKubelet;
beforeAll(async () => {
  server = await startApiServer({ controllerManager: true });
  world = await createSessionWorld(server.kubeconfigPath, 'given');
  kubelet = startScriptedKubelet(world.client, world.namespace);
});
afterAll(async () => {
  await kubelet?.stop();
  await world?.close();
  await server?.stop();
});

const publishMs = 5_000;
const secretName = 'berth-operator-tls';
const names = ['berth-operator.default.svc', 'berth-operator.default.svc.cluster.local', 'localhost'];

async function isThere(): Promise<boolean> {
  try {
    await world.client.request({ method: 'GET', path: path.secret('default', secretName) });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Plays cert-manager: writes the Secret of a certificate that it has issued, and gives the certificate's fingerprint. */
async function issueInto(authority: TestAuthority, dnsNames: readonly string[] = names): Promise<string> {
  const { cert, key } = await authority.issue('berth-operator', dnsNames);
  const data = { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.pem };
  const encoded = Object.fromEntries(
    Object.entries(data).map(([name, pem]) => [name, Buffer.from(pem).toString('base64')]),
  );
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace: 'default' },
    type: 'kubernetes.io/tls',
    data: encoded,
  };
  const { client } = world;
  if (await isThere())
    await client.request({ method: 'PATCH', path: path.secret('default', secretName), contentType: mergePatch, body });
  else await client.request({ method: 'POST', path: path.secrets('default'), body });
  return new X509Certificate(cert).fingerprint256;
}

/** The certificate that the operator shows now. */
function shownBy({ apiUrl }: OperatorProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(apiUrl).port),
    servername: 'localhost',
    rejectUnauthorized: false,
  });
  socket.once('error', reject);
  socket.once('secureConnect', () => {
    resolve(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  return promise;
}

const untilShown = (operator: OperatorProcess, fingerprint: string, withinMs: number) =>
  waitUntil('other certificate of the operator', withinMs, async () => {
    const seen = await shownBy(operator);
    return seen === fingerprint ? { value: undefined } : { seen };
  });

async function published(): Promise<string[]> {
  const at = path.configMap(world.namespace, caConfigMap);
  const { data } = await world.client.request<{ data: Record<string, string> }>({ method: 'GET', path: at });
  const blocks = data['ca.crt']?.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).subject).sort();
}

const untilPublished = (authorities: readonly TestAuthority[], withinMs: number) =>
  waitUntil(`${authorities.length} published CAs`, withinMs, async () => {
    const seen = await published();
    const wanted = authorities.map(({ pem }) => new X509Certificate(pem).subject).sort();
    return seen.join() === wanted.join() ? { value: undefined } : { seen: seen.join() };
  });

test('a certificate that is issued by cert-manager is waited for, renewed, and renewed by another CA, in one process', {
  timeout: 120_000,
}, async () => {
  const [first, second] = [await aCertificateAuthority(), await aCertificateAuthority()];
  const operator = await startOperatorProcess({
    kubeconfig: server.kubeconfigPath,
    config: { certificates: { secretName, publishSeconds: publishMs / 1000 } },
    waitUntilReady: false,
  });
  onTestFailed(() => console.info(operator.log().slice(-6_000)));
  onTestFinished(() => operator.kill());
  const untilLogged = (what: string) =>
    waitUntil(`"${what}" in the log`, 30_000, async () =>
      operator.log().includes(what) ? { value: undefined } : { seen: operator.log().slice(-500) },
    );
  await untilLogged('Certificate is not there yet');

  const issued = await issueInto(first);
  await untilLogged('Leadership won');
  await untilShown(operator, issued, 10_000);
  await world.apply('amy');
  const pod = await startTrustingPod({
    world,
    pod: await world.untilRunning('amy'),
    operatorNamespace: 'default',
    operatorUrls: () => [operator.apiUrl],
    timing: { lifetimeMs: 3_652 * 86_400_000, renewBeforeMs: 365 * 86_400_000, publishMs },
  });
  onTestFinished(() => pod.stop());
  await untilPublished([first], 5_000);

  // The CA being the same, nobody has to be told.
  const renewed = await issueInto(first);
  await untilShown(operator, renewed, 20_000);

  const ofAnother = await issueInto(second);
  await untilPublished([first, second], 20_000);
  expect(await shownBy(operator)).toBe(renewed);
  await untilShown(operator, ofAnother, 20_000);
  await untilPublished([second], 20_000);

  await issueInto(second, ['elsewhere.svc']);
  await untilLogged('add them to dnsNames of the Certificate');
  expect(await shownBy(operator)).toBe(ofAnother);
  expect(pod.failures).toEqual([]);
  expect(pod.counts.calls).toBeGreaterThan(10);
  expect(operator.log()).not.toContain('PRIVATE KEY');
});

test('who changes from cert-manager to a CA of the operator’s own goes the same way', { timeout: 60_000 }, async () => {
  const operator = await startOperatorProcess({
    kubeconfig: server.kubeconfigPath,
    config: { certificates: { publishSeconds: 2 } },
  });
  onTestFailed(() => console.info(operator.log().slice(-6_000)));
  onTestFinished(() => operator.kill());
  await waitUntil('CA of its own alone', 40_000, async () => {
    const seen = await published();
    return seen.length === 1 && seen[0]?.startsWith('CN=berth-ca') ? { value: undefined } : { seen: seen.join() };
  });
  expect(operator.log()).toMatch(/"step":"MakeNext"[\s\S]*"step":"Promote"[\s\S]*"step":"DropFormer"/);
});
