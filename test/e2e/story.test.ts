import { expect, test } from 'vitest';
import { waitUntil } from '../cluster/wait-until.ts';
import { kubectl } from '../deployment/kubectl.ts';
import { wedge } from '../deployment/wedge.ts';
import { aWorld } from './a-world.ts';

test('a session is paired, takes and sends a message, is wedged, killed by force, and comes back without a new QR', async () => {
  const world = await aWorld();
  const { phone: phones } = world.standIns;
  const { phone, runUid } = await world.startPaired('support');

  await phones.deliver({ from: '15550001000', to: phone, text: 'ping' });
  const tool = world.tool('support');
  const messages = await waitUntil('message in the session', 10_000, async () => {
    const all = await tool.messages();
    return all.length > 0 ? { value: all } : { seen: 'none' };
  });
  expect(messages.map(({ text, from }) => [text, from])).toEqual([['ping', '15550001000@s.whatsapp.net']]);
  await tool.send('15550001000', 'pong');
  const inbox = await waitUntil('message at the contact', 10_000, async () => {
    const all = await phones.inbox(phone);
    return all.length > 0 ? { value: all } : { seen: 'none' };
  });
  expect(inbox.map(({ text, to }) => [text, to])).toEqual([['pong', '15550001000']]);
  const device = (await phones.connections(phone)).at(-1)?.device;

  await wedge(world.namespace, 'support');
  await world.until('support', 'that does not respond', ({ status }) =>
    Boolean(status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'NotResponding')),
  );
  await world.patch('support', { desiredState: 'Killed' });
  await world.untilPodGone('support', runUid);
  await world.until('support', 'that is stopped', ({ status }) => status?.phase === 'Stopped');

  const [end, ...more] = await world.untilReceivedEnds('support', 1);
  expect(more).toEqual([]);
  expect(end?.isSigned).toBe(true);
  expect(end?.headers['webhook-id']).toBe(runUid);
  expect(end?.event).toMatchObject({ type: 'session_end', id: runUid });
  expect(end?.event.data).toMatchObject({
    session: { namespace: world.namespace, name: 'support' },
    run: { uid: runUid, number: 1 },
    engine: 'Baileys',
    account: { id: `${phone}@s.whatsapp.net` },
    reason: 'force_killed',
    terminationConfirmed: true,
  });

  await world.patch('support', { desiredState: 'Running' });
  await world.untilReady('support', runUid);
  expect(await world.states('support')).not.toContain('waiting_for_pairing');
  expect((await phones.connections(phone)).at(-1)?.device).toBe(device);
  expect(await world.receivedEnds('support')).toHaveLength(1);
});

test('a graceful stop ends the run as stopped, tells WhatsApp, and a start takes it up again', async () => {
  const world = await aWorld();
  const { phone, runUid } = await world.startPaired('polite');
  const log = kubectl(['--namespace', world.namespace, 'logs', '--follow', 'polite']);
  await world.patch('polite', { desiredState: 'Stopped' });
  await world.untilPodGone('polite', runUid);
  expect(await log).toContain('Asked to stop over its API');
  const [end] = await world.untilReceivedEnds('polite', 1);
  expect(end?.event.data).toMatchObject({ reason: 'stopped', terminationConfirmed: true, exitCode: 0 });
  expect((await world.standIns.phone.connections(phone)).at(-1)).toMatchObject({ cleanClose: true, endedBy: 'client' });
  await world.patch('polite', { desiredState: 'Running' });
  await world.untilReady('polite', runUid);
  expect(await world.states('polite')).not.toContain('waiting_for_pairing');
});
