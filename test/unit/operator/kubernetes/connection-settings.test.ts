import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { findConnectionSettings } from '../../../../operator/kubernetes/connection-settings.ts';

/** Writes a kubeconfig with one cluster and one user into a folder of the test's own. */
async function aKubeconfig(cluster: object, user: object = {}): Promise<{ dir: string; file: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-kubeconfig-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const file = join(dir, 'kubeconfig');
  const config = {
    'current-context': 'test',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  };
  await writeFile(file, JSON.stringify(config));
  return { dir, file };
}

// Its first import takes seconds on a busy machine, which is no part of any test.
beforeAll(() => import('@kubernetes/client-node'), 60_000);

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('findConnectionSettings() reads server, path prefix, token and certificates', async () => {
  const { file } = await aKubeconfig(
    {
      server: 'https://cluster.example:6443/k8s/clusters/c-1/',
      'certificate-authority-data': base64('CA'),
      'tls-server-name': 'api.example',
    },
    { token: 'secret', 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
  );
  const read = await findConnectionSettings(file);
  expect(await read(false)).toEqual({
    origin: 'https://cluster.example:6443',
    pathPrefix: '/k8s/clusters/c-1',
    headers: { authorization: 'Bearer secret' },
    tls: { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'api.example' },
  });
});

test('findConnectionSettings() reads a certificate file anew each time', async () => {
  const { dir, file } = await aKubeconfig({ server: 'https://cluster.example', 'certificate-authority': 'ca.crt' });
  const read = await findConnectionSettings(file);
  for (const ca of ['old', 'new']) {
    await writeFile(join(dir, 'ca.crt'), ca);
    expect((await read(false)).tls).toEqual({ ca });
  }
});

test('findConnectionSettings() refuses what it cannot do, in words', async () => {
  const { file } = await aKubeconfig({ server: 'https://cluster.example', 'proxy-url': 'http://proxy.example' });
  const read = await findConnectionSettings(file);
  await expect(read(false)).rejects.toThrow('the kubeconfig names a "proxy-url"');
});

test('findConnectionSettings() says what to set when there is nothing', async () => {
  const { dir } = await aKubeconfig({});
  vi.stubEnv('KUBECONFIG', '');
  vi.stubEnv('HOME', dir);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(findConnectionSettings()).rejects.toThrow('set KUBECONFIG, or run in a pod with its token mounted');
});
