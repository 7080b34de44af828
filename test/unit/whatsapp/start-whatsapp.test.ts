import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { waitUntil } from '../../cluster/wait-until.ts';
import { lidUserOf } from '../../whatsapp/address.ts';
import { createPhone } from '../../whatsapp/phone-client.ts';
import { startWhatsApp } from '../../whatsapp/start-whatsapp.ts';
import { rootPrivateKey, useWhatsApp } from './use-whatsapp.ts';

const { aClient, aLinkedClient, relogin, phone, whatsApp } = useWhatsApp();
const stateDir = mkdtempSync(join(tmpdir(), 'berth-whatsapp-'));
const stateFile = join(stateDir, 'state.json');

afterAll(() => rmSync(stateDir, { recursive: true }));

/** What contacts got, once there is as much as expected. */
async function inboxOf(number: string, count: number) {
  return waitUntil(
    'messages in the inbox',
    10_000,
    async () => {
      const value = await phone().inbox(number);
      return value.length >= count ? { value } : { seen: JSON.stringify(value) };
    },
    10,
  );
}

test('startWhatsApp() links a client by QR, and carries messages both ways', async () => {
  const { client, number } = await aLinkedClient();
  expect(client.socket.user?.id).toBe(`${number}:1@s.whatsapp.net`);

  await phone().deliver({ to: number, from: '15557770001', text: 'good morning' });
  expect(await client.text('good morning')).toEqual({ text: 'good morning', offline: false });
  await client.socket.sendMessage('15557770001@s.whatsapp.net', { text: 'and to you' });
  await client.socket.sendMessage('15557770002@s.whatsapp.net', { text: 'hello' });
  await client.socket.sendMessage('15557770001@s.whatsapp.net', { text: 'bye' });

  const inbox = await inboxOf(number, 3);
  expect(inbox.map(({ to, text }) => [to, text])).toEqual([
    ['15557770001', 'and to you'],
    ['15557770002', 'hello'],
    ['15557770001', 'bye'],
  ]);
  // Once it has answered, the contact's next message is of the running session and not of a new one.
  await phone().deliver({ to: number, from: '15557770001', text: 'one more' });
  await client.text('one more');
});

test('startWhatsApp() lets a linked client in again without a QR, and gives it what came meanwhile', async () => {
  const { client, number } = await aLinkedClient();
  await client.end();
  await phone().deliver({ to: number, from: '15557770003', text: 'first' });
  await phone().deliver({ to: number, from: '15557770003', text: 'second' });
  await relogin(client);
  await client.text('second');
  expect(client.texts).toEqual([
    { text: 'first', offline: true },
    { text: 'second', offline: true },
  ]);
});

test('startWhatsApp() delivers again what a client did not confirm', async () => {
  const { client, number } = await aLinkedClient();
  await phone().fault('mute', number);
  await phone().deliver({ to: number, from: '15557770004', text: 'unheard' });
  await phone().fault('drop', number);
  expect(await client.closed()).toBe(428);
  await relogin(client);
  expect(await client.text('unheard')).toMatchObject({ offline: true });
  // The receipt must be in before the next login, or it would rightly come twice.
  await phone().deliver({ to: number, from: '15557770004', text: 'after' });
  await client.text('after');
});

test('startWhatsApp() encrypts a message anew when the client asks for it', async () => {
  const { client, number } = await aLinkedClient();
  await phone().deliver({ to: number, from: '15557770005', text: 'before' });
  await client.text('before');
  // As after a kill in the wrong moment: the Signal session of the contact is lost.
  const { keys } = client.credentials.state;
  const id = `${lidUserOf('15557770005')}_1.0`;
  expect(await keys.get('session', [id])).toHaveProperty([id]);
  await keys.set({ session: { [id]: null } });
  await client.end();
  await relogin(client);
  await phone().deliver({ to: number, from: '15557770005', text: 'again' });
  await client.text('again');
});

test('startWhatsApp() cuts off a client that speaks no noise, and nobody else', async () => {
  const { number } = await aLinkedClient();
  const stranger = new WebSocket(whatsApp().webSocketUrl);
  const closed = new Promise<number>((resolve) => stranger.once('close', resolve));
  stranger.once('open', () => stranger.send(Buffer.alloc(100, 1)));
  expect(await closed).toBe(1_006);
  expect(await phone().connections(number)).toMatchObject([{ outcome: 'accepted' }]);
  expect((await phone().connections(number))[0]?.disconnectedAt).toBeUndefined();
});

test('scan() refuses a QR that nobody shows, that was scanned already, or that has other keys', async () => {
  const client = aClient();
  client.connect();
  const qr = await client.qr();
  const [reference = '', ...keys] = qr.split(',');
  const foreign = [reference, keys[1], keys[0], ...keys.slice(2)].join(',');
  await expect(phone().scan(foreign, '15550009999')).rejects.toMatchObject({ status: 400 });
  const unknown = ['2@AAAA', ...keys].join(',');
  await expect(phone().scan(unknown, '15550009999')).rejects.toMatchObject({ status: 404, retryable: true });
  await phone().scan(qr, '15550009999');
  await expect(phone().scan(qr, '15550009999')).rejects.toMatchObject({ status: 404 });
});

test('a second client with the same credentials replaces the first, whose neighbour feels nothing', async () => {
  const { client, number } = await aLinkedClient();
  const neighbour = await aLinkedClient();
  const second = aClient({ credentials: client.credentials });
  second.connect();
  await second.opened();
  expect(await client.closed()).toBe(440);

  const logins = await phone().connections(number);
  expect(logins).toMatchObject([
    { outcome: 'accepted', endedBy: 'server' },
    { outcome: 'accepted', remoteAddress: '127.0.0.1' },
  ]);
  expect(logins[1]?.disconnectedAt).toBeUndefined();
  expect(await phone().connections(neighbour.number)).toMatchObject([{ outcome: 'accepted' }]);
  await neighbour.client.end();
  await waitUntil('end of the neighbour', 5_000, async () => {
    const [login] = await phone().connections(neighbour.number);
    return login?.disconnectedAt ? { value: login } : { seen: JSON.stringify(login) };
  });
  expect(await phone().connections(neighbour.number)).toMatchObject([{ cleanClose: true, endedBy: 'client' }]);
});

test('a stand-in that starts again with its state file still knows its devices and their Signal sessions', async () => {
  const first = await startWhatsApp({ rootPrivateKey, stateFile });
  const firstPhone = createPhone({ baseUrl: first.baseUrl });
  const { client, number } = await aLinkedClient({ url: first.webSocketUrl }, firstPhone);
  await firstPhone.deliver({ to: number, from: '15557770007', text: 'before' });
  await client.text('before');
  await client.socket.sendMessage('15557770007@s.whatsapp.net', { text: 'reply' });
  await client.end();
  await firstPhone.deliver({ to: number, from: '15557770007', text: 'meanwhile' });
  await first.stop();

  const again = await startWhatsApp({ rootPrivateKey, stateFile });
  const clientAgain = aClient({ url: again.webSocketUrl, credentials: client.credentials });
  await relogin(clientAgain);
  await clientAgain.text('meanwhile');
  await clientAgain.socket.sendMessage('15557770007@s.whatsapp.net', { text: 'still here' });
  const sent = await createPhone({ baseUrl: again.baseUrl }).inbox(number);
  expect(sent).toMatchObject([{ text: 'still here' }]);
  await clientAgain.end();
  await again.stop();
});

test('startWhatsApp() answers the pings of a client that waits for its QR to be scanned', async () => {
  const client = aClient({ keepAliveIntervalMs: 300 });
  client.connect();
  await client.qr();
  // Baileys gives up 5 s after the last thing it heard.
  await expect(client.closed(7_000)).rejects.toThrow('no closed connection');
});
