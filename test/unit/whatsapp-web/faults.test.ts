import { expect, test } from 'vitest';
import type { WebFaultKind } from '../../whatsapp-web/faults.ts';
import { useWhatsAppWeb } from './use-whatsapp-web.ts';

const { aPage, aLinkedPage, aNumber, phone } = useWhatsAppWeb();
const contact = '15557770001';

const outcomes = async (number: string) => (await phone().connections(number)).map(({ outcome }) => outcome);

test.each<{ kind: WebFaultKind; reason: string }>([
  { kind: 'unlink', reason: 'logged-out' },
  { kind: 'conflict', reason: 'conflict' },
  { kind: 'banned', reason: 'banned' },
])('fault "$kind" ends the login as "$reason"', async ({ kind, reason }) => {
  const { page, number } = await aLinkedPage();
  await phone().fault(kind, number);
  expect(await page.hears('end')).toEqual({ type: 'end', reason });
  expect(await page.closed()).toBe(1_006); // The page has not closed by itself.
});

test.each<{ kind: WebFaultKind; code: number; cleanClose: boolean }>([
  { kind: 'drop', code: 1_006, cleanClose: false },
  { kind: 'close', code: 1_000, cleanClose: true },
])('fault "$kind" closes the connection with $code', async ({ kind, code, cleanClose }) => {
  const { page, number } = await aLinkedPage();
  await phone().fault(kind, number);
  expect(await page.closed()).toBe(code);
  await expect.poll(() => phone().connections(number)).toMatchObject([{ endedBy: 'server', cleanClose }]);
});

test('fault "drop" cuts the page that shows a code for the phone, and the code is good no more', async () => {
  const number = aNumber();
  const page = await aPage();
  await page.hears('references');
  page.tell({ type: 'request-code', request: 1, phone: number });
  const { code = '' } = await page.hears('answer');
  await phone().fault('drop', number);
  expect(await page.closed()).toBe(1_006);
  await expect(phone().enterCode(code, number)).rejects.toMatchObject({ status: 404 });
  await expect(phone().fault('drop', number)).rejects.toMatchObject({ status: 404 });
});

test.each<{ kind: WebFaultKind; argument?: number; told: object }>([
  { kind: 'wedge', told: { kind: 'wedge' } },
  { kind: 'hog', told: { kind: 'hog', argument: 256 } },
  { kind: 'hog', argument: 64, told: { kind: 'hog', argument: 64 } },
  { kind: 'crash-page', told: { kind: 'crash-page' } },
])('fault "$kind" is told to the page', async ({ kind, argument, told }) => {
  const { page, number } = await aLinkedPage();
  await phone().fault(kind, number, argument);
  expect(await page.hears('fault')).toMatchObject(told);
});

test.each<WebFaultKind>(['mute', 'freeze'])('fault "thaw" takes back "%s"', async (kind) => {
  const { page, number } = await aLinkedPage();
  await phone().fault(kind, number);
  page.tell({ type: 'ping' });
  await phone().deliver({ to: number, from: contact, text: 'unheard' });
  await phone().fault('thaw', number);
  await phone().deliver({ to: number, from: contact, text: 'heard' });
  expect(await page.hears('message')).toMatchObject({ content: { text: 'heard' } });
});

test('fault "unlink" turns the page away at its next login', async () => {
  const { page, number } = await aLinkedPage();
  await page.end();
  await phone().fault('unlink', number);
  await page.connect();
  expect(await page.hears('end')).toEqual({ type: 'end', reason: 'logged-out' });
});

test.each<{ kind: WebFaultKind; outcome: string }>([
  { kind: 'refuse', outcome: 'refused' },
  { kind: 'mute-logins', outcome: 'muted' },
  { kind: 'fail-logins', outcome: 'stream-error' },
  { kind: 'banned', outcome: 'banned' },
])('fault "$kind" keeps one phone out until "accept", and leaves the others alone', async ({ kind, outcome }) => {
  const { page, number } = await aLinkedPage();
  const neighbour = await aLinkedPage();
  await page.end();
  await phone().fault(kind, number);
  await page.connect();
  await expect.poll(() => outcomes(number)).toEqual(['accepted', outcome]);
  await neighbour.page.end();
  await neighbour.page.connect();
  await neighbour.page.hears('synced');

  await phone().fault('accept', number);
  await page.end();
  await page.connect();
  await page.hears('synced');
  expect(await outcomes(number)).toEqual(['accepted', outcome, 'accepted']);
});

test('fault "refuse" of everyone opens no WebSocket until "accept"', async () => {
  const { page } = await aLinkedPage();
  await phone().fault('refuse');
  await page.end();
  await expect(page.connect()).rejects.toThrow(/hang up|disconnected|ECONNRESET/);
  await phone().fault('accept');
  await page.connect();
  await page.hears('synced');
});

test('fault "withhold-sync" lets the page in, and never says that this was all', async () => {
  const { page, number } = await aLinkedPage();
  await phone().fault('withhold-sync', number);
  await page.end();
  await page.connect();
  await page.hears('online');
  page.tell({ type: 'ping' });
  await page.hears('pong');
  expect(page.all('synced')).toEqual([]);
});

test('fault "withhold-qr" gives a new page no references', async () => {
  await phone().fault('withhold-qr');
  const page = await aPage();
  page.tell({ type: 'ping' });
  await page.hears('pong');
  expect(page.all('references')).toEqual([]);
});
