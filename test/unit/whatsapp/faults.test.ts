import { expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { FaultKind } from '../../whatsapp/phone-client.ts';
import { useWhatsApp } from './use-whatsapp.ts';

const { aLinkedClient, relogin, phone } = useWhatsApp();

test.each<{ kind: FaultKind; argument?: number; code: number }>([
  { kind: 'unlink', code: 401 },
  { kind: 'conflict', code: 440 },
  { kind: 'stream-error', argument: 401, code: 401 },
  { kind: 'stream-error', argument: 408, code: 408 },
  { kind: 'stream-error', argument: 500, code: 500 },
  { kind: 'stream-error', argument: 503, code: 503 },
  { kind: 'stream-error', argument: 515, code: 515 },
  { kind: 'failure', argument: 403, code: 403 },
  { kind: 'xmlstreamend', code: 428 },
  { kind: 'drop', code: 428 },
  { kind: 'close', code: 428 },
])('fault "$kind" disconnects the client with $code', async ({ kind, argument, code }) => {
  const { client, number } = await aLinkedClient();
  await phone().fault(kind, number, argument);
  expect(await client.closed()).toBe(code);
});

test('fault "mute" is found out by the client as 408 after its keepalive', async () => {
  const { client, number } = await aLinkedClient({ keepAliveIntervalMs: 500 });
  await phone().fault('mute', number);
  expect(await client.closed(12_000)).toBe(408);
});

test('fault "thaw" takes back "freeze"', async () => {
  const { client, number } = await aLinkedClient();
  await phone().fault('freeze', number);
  const sent = client.socket.sendMessage('15557770006@s.whatsapp.net', { text: 'through the ice' });
  await phone().fault('thaw', number);
  await sent;
  const inbox = await waitUntil('the message', 5_000, async () => {
    const value = await phone().inbox(number);
    return value.length > 0 ? { value } : { seen: 'an empty inbox' };
  });
  expect(inbox).toMatchObject([{ text: 'through the ice' }]);
});

test('fault "unlink" turns the device away at its next login', async () => {
  const { client, number } = await aLinkedClient();
  await phone().fault('unlink', number);
  expect(await client.closed()).toBe(401);
  client.connect();
  expect(await client.closed()).toBe(401);
  expect((await phone().connections(number)).map(({ outcome }) => outcome)).toEqual(['accepted', 'unknown-device']);
});

test('logout() of the client unlinks the device', async () => {
  const { client } = await aLinkedClient();
  await client.socket.logout();
  client.connect();
  expect(await client.closed()).toBe(401);
});

test('fault "refuse" lets nobody connect until "accept"', async () => {
  const { client } = await aLinkedClient();
  await phone().fault('refuse');
  await client.end();
  client.connect();
  expect(await client.closed()).toBe(408);
  await phone().fault('accept');
  await relogin(client);
});

test('fault "refuse" of one phone leaves the others alone', async () => {
  const { client, number } = await aLinkedClient();
  const neighbour = await aLinkedClient();
  await phone().fault('refuse', number);
  await client.end();
  client.connect();
  expect(await client.closed()).toBe(428);
  await neighbour.client.end();
  await relogin(neighbour.client);
});

test('fault "fail-logins" answers each login with 500 until "accept"', async () => {
  const { client, number } = await aLinkedClient();
  await phone().fault('fail-logins', number);
  await client.end();
  for (const _ of [1, 2]) {
    client.connect();
    expect(await client.closed()).toBe(500);
  }
  await phone().fault('accept', number);
  await relogin(client);
  const outcomes = (await phone().connections(number)).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(['accepted', 'stream-error', 'stream-error', 'accepted']);
});

test('fault "mute-logins" takes each login and never answers, until "accept"', async () => {
  const { client, number } = await aLinkedClient({ keepAliveIntervalMs: 500 });
  await phone().fault('mute-logins', number);
  await client.end();
  client.connect();
  expect(await client.closed(12_000)).toBe(408);
  await phone().fault('accept', number);
  await relogin(client);
  const outcomes = (await phone().connections(number)).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(['accepted', 'muted', 'accepted']);
});
