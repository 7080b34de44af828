import { proto } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import { useWhatsApp } from './use-whatsapp.ts';

const { aLinkedClient, phone } = useWhatsApp();
const { Status } = proto.WebMessageInfo;

test('read() lets the client learn that its message was delivered, and then read', async () => {
  const { client, number } = await aLinkedClient();
  const acknowledged: unknown[] = [];
  client.socket.ws.on('CB:ack,class:message', ({ attrs }: { attrs: Record<string, string> }) =>
    acknowledged.push(attrs['id']),
  );
  const sent = await client.socket.sendMessage('15557770041@s.whatsapp.net', { text: 'hello' });
  const id = sent?.key.id ?? '';
  const seen = (status: number) =>
    waitUntil('a status of the message', 10_000, async () => {
      const found = client.statuses.some((each) => each.id === id && each.status === status);
      return found ? { value: true } : { seen: JSON.stringify(client.statuses) };
    });
  await seen(Status.DELIVERY_ACK);
  expect(acknowledged).toContain(id);
  await phone().read(number, id);
  await seen(Status.READ);
});

test('read() refuses a message that the session did not send, and a session that is away', async () => {
  const { client, number } = await aLinkedClient();
  await expect(phone().read(number, '3EB0NONE')).rejects.toMatchObject({ status: 404 });
  const sent = await client.socket.sendMessage('15557770042@s.whatsapp.net', { text: 'hello' });
  await waitUntil('the message', 10_000, async () => {
    const value = await phone().inbox(number);
    return value.length > 0 ? { value } : { seen: 'an empty inbox' };
  });
  await client.end();
  await waitUntil('the end of the connection', 10_000, async () => {
    const value = (await phone().connections(number))[0]?.disconnectedAt;
    return value ? { value } : { seen: 'connected' };
  });
  await expect(phone().read(number, sent?.key.id ?? '')).rejects.toMatchObject({ status: 404 });
});
