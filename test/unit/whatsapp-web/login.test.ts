import { expect, test } from 'vitest';
import { Page } from './a-page.ts';
import { useWhatsAppWeb } from './use-whatsapp-web.ts';

const { aLinkedPage, phone, site } = useWhatsAppWeb();

const outcomes = async (number: string) => (await phone().connections(number)).map(({ outcome }) => outcome);

test('a page that comes back logs in without a QR', async () => {
  const { page, number } = await aLinkedPage();
  await page.end();
  await page.connect();
  expect(await page.hears('online')).toMatchObject({ phone: number });
  expect(page.all('references')).toEqual([]);
});

test('a second page with the same login ends the first one with a conflict', async () => {
  const { page } = await aLinkedPage();
  const twin = new Page(site().sitePort);
  Object.assign(twin, { keys: page.keys, login: page.login });
  await twin.connect();
  await twin.hears('synced');
  expect(await page.hears('end')).toEqual({ type: 'end', reason: 'conflict' });
  await page.closed();
  await twin.end();
});

test.each([
  { lost: 'its token', change: (page: Page) => page.login && { login: { ...page.login, token: 'another' } } },
  { lost: 'its identity key', change: (page: Page) => ({ keys: { ...page.keys, identity: page.keys.noise } }) },
])('a page that has lost $lost is logged out', async ({ change }) => {
  const { page, number } = await aLinkedPage();
  await page.end();
  Object.assign(page, change(page));
  await page.connect();
  expect(await page.hears('end')).toEqual({ type: 'end', reason: 'logged-out' });
  expect(await outcomes(number)).toEqual(['accepted', 'unknown-device']);
});

test('a page that logs out is linked no more', async () => {
  const { page, number } = await aLinkedPage();
  page.tell({ type: 'logout', request: 7 });
  expect(await page.hears('answer')).toMatchObject({ request: 7 });
  await expect(phone().fault('drop', number)).rejects.toMatchObject({ status: 404 });
  await page.end();
  await page.connect();
  expect(await page.hears('end')).toEqual({ type: 'end', reason: 'logged-out' });
});

test.each([
  { told: { type: 'nonsense' }, what: 'an unknown type' },
  { told: { type: 'received', id: '' }, what: 'a missing id' },
  { told: { type: 'send', request: 1, id: 'A', to: 'nobody', text: 'a' }, what: 'an address of nobody' },
])('a page that tells $what is cut off', async ({ told }) => {
  const { page } = await aLinkedPage();
  page.tell(told);
  expect(await page.closed()).toBe(1_006);
});
