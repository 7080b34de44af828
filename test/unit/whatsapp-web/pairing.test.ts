import { expect, test } from 'vitest';
import { useWhatsAppWeb } from './use-whatsapp-web.ts';

const { aPage, aLinkedPage, aNumber, phone } = useWhatsAppWeb();

test('scan() links the page, which then logs in by its token', async () => {
  const page = await aPage();
  const number = aNumber();
  expect(await phone().scan(await page.qr(), number)).toEqual({ device: `${number}:1@s.whatsapp.net` });
  await page.comeBackPaired();
  expect(await page.hears('online')).toMatchObject({ phone: number });
  await page.hears('synced');
  const logins = await phone().connections(number);
  expect(logins).toMatchObject([{ device: `${number}:1@s.whatsapp.net`, outcome: 'accepted' }]);
});

test('scan() gives a second device of the phone another address', async () => {
  const { number } = await aLinkedPage();
  const second = await aPage();
  expect(await phone().scan(await second.qr(), number)).toEqual({ device: `${number}:2@s.whatsapp.net` });
});

test('scan() takes a QR only once', async () => {
  const page = await aPage();
  const qr = await page.qr();
  await phone().scan(qr, aNumber());
  await expect(phone().scan(qr, aNumber())).rejects.toMatchObject({ status: 404 });
});

test('scan() takes no QR whose page is gone', async () => {
  const page = await aPage();
  const qr = await page.qr();
  await page.end();
  await expect(phone().scan(qr, aNumber())).rejects.toMatchObject({ status: 404 });
});

test('scan() refuses a QR that shows other keys than the page has', async () => {
  const page = await aPage();
  const [reference, ...keys] = (await page.qr()).split(',');
  const forged = [reference, Buffer.alloc(32).toString('base64'), ...keys.slice(1)].join(',');
  await expect(phone().scan(forged, aNumber())).rejects.toMatchObject({ status: 400 });
});

test('a page that asks for new references can be scanned by them alone', async () => {
  const page = await aPage();
  const former = await page.qr();
  page.tell({ type: 'request-references' });
  await expect.poll(() => page.all('references').length).toBe(2);
  const references = page.all('references').at(-1)?.references;
  await expect(phone().scan(former, aNumber())).rejects.toMatchObject({ status: 404 });
  await phone().scan([references?.[5], ...former.split(',').slice(1)].join(','), aNumber());
});

test('enterCode() links the page that shows the code', async () => {
  const page = await aPage();
  const number = aNumber();
  await page.hears('references');
  page.tell({ type: 'request-code', request: 1, phone: number });
  const { code = '' } = await page.hears('answer');
  expect(code).toMatch(/^[1-9A-HJ-NP-TV-Z]{8}$/);
  expect(await phone().enterCode(code, number)).toEqual({ device: `${number}:1@s.whatsapp.net` });
  await page.comeBackPaired();
  await page.hears('synced');
});

test('enterCode() refuses the code on another phone, and a code that nobody shows', async () => {
  const page = await aPage();
  await page.hears('references');
  page.tell({ type: 'request-code', request: 1, phone: aNumber() });
  const { code = '' } = await page.hears('answer');
  await expect(phone().enterCode(code, aNumber())).rejects.toMatchObject({ status: 400 });
  await expect(phone().enterCode('00000000', aNumber())).rejects.toMatchObject({ status: 404 });
});

test('a second code of the page makes the first one void', async () => {
  const page = await aPage();
  const number = aNumber();
  await page.hears('references');
  page.tell({ type: 'request-code', request: 1, phone: number });
  page.tell({ type: 'request-code', request: 2, phone: number });
  await expect.poll(() => page.all('answer').length).toBe(2);
  const [first, second] = page.all('answer');
  await expect(phone().enterCode(first?.code ?? '', number)).rejects.toMatchObject({ status: 404 });
  await phone().enterCode(second?.code ?? '', number);
});
