import { readFile } from 'node:fs/promises';
import { expect, inject, test } from 'vitest';
import { adminApi } from '../cluster/admin-api.ts';
import { createNamespace } from '../cluster/create-namespace.ts';
import { startTimeOf } from '../cluster/processes.ts';
import { startApiServer } from '../cluster/start-api-server.ts';

test('startApiServer() serves the CRDs, and leaves no process and no file behind', async () => {
  const server = await startApiServer();
  const api = await adminApi(server.kubeconfigPath);
  const list = await api.request('GET', '/apis/berth.dev/v1alpha1/whatsappsessions');
  expect(list).toMatchObject({ kind: 'WhatsAppSessionList', items: [] });
  await api.close();
  const pid = JSON.parse(await readFile(server.kubeconfigPath.replace('kubeconfig', 'pid/kube-apiserver'), 'utf8')).pid;
  expect(startTimeOf(pid)).toBeDefined();
  await server.stop();
  expect(startTimeOf(pid)).toBeUndefined();
  await expect(readFile(server.auditLogPath)).rejects.toThrow('ENOENT');
});

test('createNamespace() gives a namespace with its ServiceAccount, and remove() really ends it', async () => {
  const kubeconfigPath = inject('kubeconfigPath');
  const namespace = await createNamespace(kubeconfigPath, 'setup');
  const api = await adminApi(kubeconfigPath);
  await namespace.remove();
  await expect
    .poll(
      () =>
        api.request('GET', `/api/v1/namespaces/${namespace.name}`).then(
          () => 'there',
          (error) => error.status,
        ),
      {
        timeout: 20_000,
      },
    )
    .toBe(404);
  await api.close();
});

test('the audit log tells writes on pods with their bodies', async () => {
  const kubeconfigPath = inject('kubeconfigPath');
  const namespace = await createNamespace(kubeconfigPath, 'audit');
  const api = await adminApi(kubeconfigPath);
  const spec = { containers: [{ name: 'container', image: 'none.invalid/none:1' }] };
  const metadata = { name: 'audited', namespace: namespace.name };
  await api.request('POST', `/api/v1/namespaces/${namespace.name}/pods`, { metadata, spec });
  const events = async () =>
    (await readFile(inject('auditLogPath'), 'utf8'))
      .split('\n')
      .filter((line) => line.includes(namespace.name) && line.includes('"resource":"pods"'))
      .map((line) => JSON.parse(line) as { verb: string; requestObject?: { metadata: { name: string } } });
  await expect.poll(events).toContainEqual(expect.objectContaining({ verb: 'create' }));
  expect((await events()).find(({ verb }) => verb === 'create')?.requestObject?.metadata.name).toBe('audited');
  await namespace.remove();
  await api.close();
});
