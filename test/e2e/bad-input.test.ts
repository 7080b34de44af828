import { path } from '@berth/operator/resource/names.ts';
import type { WhatsAppSession } from '@berth/operator/resource/whatsapp-session.ts';
import { expect, test } from 'vitest';
import { mustRun } from '../cluster/command.ts';
import { ctrArguments } from '../cluster/containerd.ts';
import { hasKind } from '../cluster/kind.ts';
import { clusterDir } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ClusterWorld, sinkPath } from '../deployment/cluster-world.ts';
import { kubectl, tryKubectl } from '../deployment/kubectl.ts';
import { aWorld } from './a-world.ts';

const isKind = await hasKind();

/** The reason of a condition, with its status, in one word. */
const verdict = ({ status }: WhatsAppSession, type: string) => {
  const condition = status?.conditions?.find((each) => each.type === type);
  return condition && `${condition.status} ${condition.reason}`;
};

/** Waits for an Event about the session with this reason, and gives its type and message. */
function untilEvent(world: ClusterWorld, name: string, reason: string) {
  const words = ['get', 'events', '--field-selector', `involvedObject.name=${name},reason=${reason}`, '--output=json'];
  return waitUntil(`Event "${reason}" of "${name}"`, 15_000, async () => {
    const answer = await kubectl(['--namespace', world.namespace, ...words]);
    const [event] = (JSON.parse(answer) as { items: { type: string; message: string }[] }).items;
    return event === undefined ? { seen: 'none' } : { value: event };
  });
}

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

test('a webhook that cannot be reached shows in WebhooksReady and an Event, keeps no pod, and heals when it is back', async () => {
  const world = await aWorld();
  const { receiver } = world.standIns;
  await receiver.behave(sinkPath(world.namespace, 'mute'), { kind: 'close' });
  const { runUid } = await world.startPaired('mute');
  await world.patch('mute', { desiredState: 'Killed' });
  await world.untilPodGone('mute', runUid);
  await world.until('mute', 'whose delivery failed', (it) => verdict(it, 'WebhooksReady') === 'False DeliveryFailed');
  expect((await untilEvent(world, 'mute', 'DeliveryFailed')).type).toBe('Warning');
  await receiver.behave(sinkPath(world.namespace, 'mute'), { kind: 'status' });
  const [end] = await world.untilReceivedEnds('mute', 1, 30_000);
  expect(end?.event.id).toBe(runUid);
  await world.until('mute', 'whose webhooks are well', (it) => verdict(it, 'WebhooksReady') === 'True WebhooksReady');
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

// On kind the image is loaded in another way, and another registry may answer.
test.skipIf(isKind)(
  'an image that cannot be pulled shows in Ready and an Event, and heals when it is there',
  async () => {
    const image = 'berth.dev/session-baileys:dev';
    const kept = 'berth.dev/session-baileys:kept';
    const ctr = (...words: string[]) => mustRun('ctr', [...ctrArguments(clusterDir), 'images', ...words]);
    const world = await aWorld();
    await ctr('tag', '--force', image, kept);
    try {
      await ctr('remove', '--sync', image);
      await world.start('bare');
      const seen = await world.until(
        'bare',
        'that says so',
        (it) => verdict(it, 'Ready') === 'False StartBlocked',
        30_000,
      );
      const condition = seen.status?.conditions?.find(({ type }) => type === 'Ready');
      expect(condition?.message).toMatch(/ErrImagePull|ImagePullBackOff/);
      const event = await untilEvent(world, 'bare', 'StartBlocked');
      expect(event.type).toBe('Warning');
      expect(event.message).toContain(image);
    } finally {
      await ctr('tag', '--force', kept, image);
      await ctr('remove', kept);
    }
    await world.until(
      'bare',
      'that waits for pairing',
      ({ status }) => status?.report?.state === 'waiting_for_pairing',
      90_000, // The kubelet waits longer after each failed pull.
    );
    expect(await world.ends('bare')).toEqual([]);
  },
);
