import { parseConfig } from '@berth/operator/config.ts';
import { operatorClientName } from '@berth/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ensureBinaries } from '../cluster/binaries.ts';
import { ensureCertManagerCrd } from '../cluster/cert-manager-crd.ts';
import { mustRun, run } from '../cluster/command.ts';
import { startApiServer, type TestApiServer } from '../cluster/start-api-server.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type HelmChart, type Manifest, only, openHelmChart } from './helm-chart.ts';

let chart: HelmChart;
let server: TestApiServer;
beforeAll(async () => {
  chart = await openHelmChart();
  server = await startApiServer();
}, 600_000);
afterAll(() => server?.stop());

const byCertManager = ['tls.certManager.enabled=true', 'tls.certManager.issuerRef.name="berth"'];
const dayMs = 24 * 3_600_000;

const configOf = (manifests: readonly Manifest[]) =>
  parseConfig(JSON.parse(only(manifests, 'ConfigMap').data?.['config.json'] ?? ''), 'operator-1', 'info');

test('by default the operator has a CA of its own, for ten years', async () => {
  const manifests = await chart.render();
  expect(manifests.filter(({ kind }) => kind === 'Certificate')).toEqual([]);
  expect(configOf(manifests).certificates).toEqual({
    timing: { lifetimeMs: 3_652 * dayMs, renewBeforeMs: 365 * dayMs, publishMs: dayMs },
  });
});

test('with cert-manager the operator reads the certificate that is issued for its names', async () => {
  const manifests = await chart.render([...byCertManager, 'tls.certManager.issuerRef.kind="ClusterIssuer"']);
  const { spec } = only(manifests, 'Certificate', 'berth-operator-tls') as unknown as { spec: Record<string, unknown> };
  const { certificates, dnsNames } = configOf(manifests);
  expect(spec).toMatchObject({
    secretName: certificates.givenSecret,
    commonName: operatorClientName,
    dnsNames: dnsNames.filter((name) => name !== 'localhost'),
    usages: expect.arrayContaining(['server auth', 'client auth']) as unknown,
    issuerRef: { name: 'berth', kind: 'ClusterIssuer', group: 'cert-manager.io' },
    duration: '2160h',
    renewBefore: '720h',
  });
});

test('the Certificate is one by the definition of cert-manager', async () => {
  const { kubectl } = await ensureBinaries(['kubectl']);
  const toServer = `--kubeconfig=${server.kubeconfigPath}`;
  await mustRun(kubectl, ['apply', '--server-side', '-f', await ensureCertManagerCrd(), toServer]);
  const certificate = only(await chart.render(byCertManager), 'Certificate');
  const input = stringify({ ...certificate, metadata: { ...certificate.metadata, namespace: 'default' } });
  const words = ['apply', '--dry-run=server', '--validate=strict', '-f', '-', toServer];
  const said = await waitUntil('acceptance of the Certificate', 20_000, async () => {
    const { status, stdout, stderr } = await run(kubectl, words, { input });
    return status === 0 ? { value: stdout } : { seen: stderr };
  });
  expect(said).toContain('certificate.cert-manager.io/berth-operator-tls created');
});

test.each([
  { set: ['tls.publishSeconds=0'], says: '/tls/publishSeconds' },
  { set: ['tls.publishSeconds="1d"'], says: '/tls/publishSeconds' },
  { set: ['tls.ca.lifetimeDays=1'], says: '/tls/ca/lifetimeDays' },
  { set: ['tls.ca.renewBeforeDays=0'], says: '/tls/ca/renewBeforeDays' },
  { set: ['tls.ca.lifetime=1'], says: '/tls/ca' },
  { set: ['tls.ca.lifetimeDays=365'], says: 'tls.ca.renewBeforeDays' },
  { set: ['tls.certManager.enabled="yes"'], says: '/tls/certManager/enabled' },
  { set: ['tls.certManager.enabled=true'], says: '/tls/certManager/issuerRef/name' },
  { set: [...byCertManager, 'tls.certManager.issuerRef.kind=""'], says: '/tls/certManager/issuerRef/kind' },
  { set: [...byCertManager, 'tls.certManager.duration="90 days"'], says: '/tls/certManager/duration' },
  { set: [...byCertManager, 'tls.certManager.renewBefore="30d"'], says: '/tls/certManager/renewBefore' },
])('$set is refused, naming $says', async ({ set, says }) => {
  const { status, stderr } = await chart.tryRender(set);
  expect(status).toBe(1);
  expect(stderr).toContain(says);
});
