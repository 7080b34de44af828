import { expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { BaileysClient } from './baileys-client.ts';
import { useWhatsApp } from './use-whatsapp.ts';

const { aClient, relogin, phone } = useWhatsApp();

/** A client that shows a code for this number. */
async function aClientWithACode(number: string): Promise<{ readonly client: BaileysClient; readonly code: string }> {
  const client = aClient();
  client.connect();
  await client.qr();
  return { client, code: await client.socket.requestPairingCode(number) };
}

/** The stand-in has a code only once the client's message has arrived. */
const enter = (code: string, number: string) =>
  waitUntil(
    'a pairing',
    10_000,
    async () => {
      try {
        return { value: await phone().enterCode(code, number) };
      } catch (error) {
        if ((error as { readonly status?: number }).status !== 404) throw error;
        return { seen: String(error) };
      }
    },
    50,
  );

test('enterCode() links an unmodified client, which comes back without a code', async () => {
  const { client, code } = await aClientWithACode('15550002001');
  expect(await enter(code, '15550002001')).toEqual({ device: '15550002001:1@s.whatsapp.net' });
  expect(await client.closed()).toBe(515);
  await relogin(client);
  expect(client.socket.user?.id).toBe('15550002001:1@s.whatsapp.net');
  await phone().deliver({ to: '15550002001', from: '15557770021', text: 'linked' });
  await client.text('linked');
});

test('enterCode() refuses a code that the client does not show, and takes the right one afterwards', async () => {
  const { client, code } = await aClientWithACode('15550002002');
  const wrong = code === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA';
  await expect(enter(wrong, '15550002002')).rejects.toMatchObject({ status: 400 });
  expect(client.updates.some(({ isNewLogin }) => isNewLogin)).toBe(false);
  await enter(code, '15550002002');
  expect(await client.closed()).toBe(515);
});

test('enterCode() refuses the phone of another number, and a code that was used', async () => {
  const { client, code } = await aClientWithACode('15550002003');
  await expect(phone().enterCode(code, '15550002004')).rejects.toMatchObject({ status: 404, retryable: true });
  await enter(code, '15550002003');
  expect(await client.closed()).toBe(515);
  await expect(phone().enterCode(code, '15550002003')).rejects.toMatchObject({ status: 404 });
});

test('enterCode() takes the code that was asked for last', async () => {
  const { client, code } = await aClientWithACode('15550002005');
  const next = await client.socket.requestPairingCode('15550002005');
  expect(next).not.toBe(code);
  await waitUntil('the second code', 10_000, async () => {
    try {
      return { value: await phone().enterCode(next, '15550002005') };
    } catch (error) {
      return { seen: String(error) };
    }
  });
  expect(await client.closed()).toBe(515);
});
