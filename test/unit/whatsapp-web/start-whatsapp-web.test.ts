import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPhone } from '../../whatsapp/phone-client.ts';
import { startWhatsAppWeb, type WhatsAppWeb, type WhatsAppWebOptions } from '../../whatsapp-web/start-whatsapp-web.ts';
import { Page } from './a-page.ts';

const number = '15550001000';
let folder: string;
let running: WhatsAppWeb | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whatsapp-web-'));
});
afterEach(async () => {
  await running?.stop();
  rmSync(folder, { recursive: true });
});

async function start(options: WhatsAppWebOptions = {}): Promise<WhatsAppWeb> {
  running = await startWhatsAppWeb(options);
  return running;
}

test('a stand-in that is started anew knows its devices, and what waits for them', async () => {
  const stateFile = join(folder, 'state.json');
  const first = await start({ stateFile });
  const page = new Page(first.sitePort);
  await page.connect();
  await createPhone(first).scan(await page.qr(), number);
  await page.comeBackPaired();
  await page.hears('synced');
  await page.end();
  await createPhone(first).deliver({ to: number, from: '15557770001', text: 'over the restart' });
  await first.stop();

  const second = await start({ stateFile });
  const again = Object.assign(new Page(second.sitePort), { keys: page.keys, login: page.login });
  await again.connect();
  expect(await again.hears('message')).toMatchObject({ content: { text: 'over the restart' } });
  await again.end();
  const newcomer = new Page(second.sitePort);
  await newcomer.connect();
  const { device } = await createPhone(second).scan(await newcomer.qr(), number);
  expect(device).toBe(`${number}:2@s.whatsapp.net`);
  await newcomer.end();
});

test('a stand-in that is started anew shows the key in its file', async () => {
  const keyFile = join(folder, 'key.pem');
  const first = await start({ keyFile });
  await first.stop();
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  expect((await start({ keyFile })).spki).toBe(first.spki);
});

test('stand-ins without a file have each a key of their own', async () => {
  const first = await start();
  await first.stop();
  expect((await start()).spki).not.toBe(first.spki);
});

test.each([
  { option: 'stateFile', content: '{"version":99}', code: 'STAND_IN_STATE_FILE' },
  { option: 'stateFile', content: '{"vers', code: 'STAND_IN_STATE_FILE' },
  { option: 'keyFile', content: 'not a key', code: 'STAND_IN_SITE_KEY' },
])('start refuses a broken $option, and leaves it as it is', async ({ option, content, code }) => {
  const path = join(folder, 'broken');
  writeFileSync(path, content);
  await expect(startWhatsAppWeb({ [option]: path })).rejects.toMatchObject({ code });
  expect(readFileSync(path, 'utf8')).toBe(content);
});
