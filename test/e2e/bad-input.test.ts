import { path } from '@berth/operator/resource/names.ts';
import { expect, test } from 'vitest';
import { sinkPath } from '../deployment/cluster-world.ts';
import { tryKubectl } from '../deployment/kubectl.ts';
import { aWorld } from './a-world.ts';
import { untilEvent, verdict } from './outcome.ts';

test.each([
  { field: 'spec.engine', spec: { engine: 'Telegram' }, says: 'Unsupported value: "Telegram"' },
  { field: 'spec.engine', spec: {}, says: 'Required value' },
  {
    field: 'spec.desiredState',
    spec: { engine: 'Baileys', desiredState: 'Asleep' },
    says: 'Unsupported value: "Asleep"',
  },
  { field: 'spec.engin', spec: { engin: 'Baileys' }, says: 'unknown field' },
  {
    field: 'spec.webhooks[0].url',
    spec: { engine: 'Baileys', webhooks: [{ url: 'ftp://example.com/', events: ['session_end'] }] },
    says: 'url must be an absolute http or https URL',
  },
  {
    field: 'spec.recovery.backoff',
    spec: { engine: 'Baileys', recovery: { backoff: { baseSeconds: 10, maxSeconds: 1 } } },
    says: 'must not be greater than maxSeconds',
  },
])('`kubectl apply` of a broken manifest names the field "$field"', async ({ field, spec, says }) => {
  const manifest = {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'WhatsAppSession',
    metadata: { name: 'broken', namespace: 'default' },
    spec,
  };
  const words = ['apply', '--dry-run=server', '--filename', '-'];
  const { status, stderr } = await tryKubectl(words, { input: JSON.stringify(manifest) });
  expect(status).not.toBe(0);
  expect(stderr).toContain(field);
  expect(stderr).toContain(says);
});

test('a signing key that is missing shows in WebhooksReady and an Event, and heals when it is made', async () => {
  const world = await aWorld();
  const secretRef = { name: 'forgotten', key: 'key' };
  const url = world.standIns.webhookUrl(sinkPath(world.namespace, 'keyless'));
  await world.start('keyless', { webhooks: [{ url, events: ['session_end'], secretRef }] });
  const seen = await world.until(
    'keyless',
    'that says so',
    (it) => verdict(it, 'WebhooksReady') === 'False SecretMissing',
  );
  const condition = seen.status?.conditions?.find(({ type }) => type === 'WebhooksReady');
  expect(condition?.message).toContain('"forgotten/key"');
  expect((await untilEvent(world, 'keyless', 'SecretMissing')).type).toBe('Warning');
  await world.client.request({
    method: 'POST',
    path: path.secrets(world.namespace),
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'forgotten', namespace: world.namespace },
      stringData: { key: world.standIns.webhookSecret },
    },
  });
  await world.until('keyless', 'that is well', (it) => verdict(it, 'WebhooksReady') === 'True WebhooksReady');
});
