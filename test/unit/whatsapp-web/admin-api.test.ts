import { expect, test } from 'vitest';
import { useWhatsAppWeb } from './use-whatsapp-web.ts';

const { site } = useWhatsAppWeb();

const qr = `2@ref,${['', '', ''].map(() => Buffer.alloc(32).toString('base64')).join(',')},1`;
const message = { to: '15550001', from: '15550002' };

test.each([
  { path: '/admin/scan', body: { phone: '15550001' }, field: 'qr' },
  { path: '/admin/scan', body: { qr: 'not a QR', phone: '15550001' }, field: 'qr' },
  { path: '/admin/scan', body: { qr, phone: '+15550001' }, field: 'phone' },
  { path: '/admin/enter-code', body: { code: 'short', phone: '15550001' }, field: 'code' },
  { path: '/admin/deliver', body: message, field: 'text' },
  { path: '/admin/deliver', body: { ...message, from: 7, text: 'a' }, field: 'from' },
  { path: '/admin/deliver', body: { ...message, media: 'a file' }, field: 'media' },
  { path: '/admin/deliver', body: { ...message, media: { mimetype: 'png', data: 'aGk=' } }, field: 'mimetype' },
  { path: '/admin/deliver', body: { ...message, media: { mimetype: 'image/png', data: '!' } }, field: 'data' },
  { path: '/admin/read', body: { phone: '15550001' }, field: 'id' },
  { path: '/admin/fault', body: { phone: '15550001', kind: 'boom' }, field: 'kind' },
  { path: '/admin/fault', body: { phone: '15550001', kind: 'hog', argument: '64' }, field: 'argument' },
  { path: '/admin/fault', body: { phone: '15550001', kind: 'hog', argument: 0 }, field: 'argument' },
  { path: '/admin/fault', body: { kind: 'mute' }, field: 'phone' },
  { path: '/admin/fault', body: { phone: '15550001', kind: 'withhold-qr' }, field: 'phone' },
])('POST $path answers 400 and names "$field"', async ({ path, body, field }) => {
  const answer = await fetch(`${site().baseUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { field, code: 'STAND_IN_BAD_REQUEST' } });
});

test.each([
  { method: 'POST', path: '/admin/deliver', body: { ...message, text: 'a' } },
  { method: 'POST', path: '/admin/fault', body: { phone: '15550001', kind: 'mute' } },
  { method: 'POST', path: '/admin/scan', body: { qr, phone: '15550001' } },
  { method: 'POST', path: '/admin/enter-code', body: { code: 'ABCD1234', phone: '15550001' } },
  { method: 'POST', path: '/admin/read', body: { phone: '15550001', id: '3EB0' } },
  { method: 'GET', path: '/admin/nothing', body: undefined },
])('$method $path answers 404 for what does not exist', async ({ method, path, body }) => {
  const answer = await fetch(`${site().baseUrl}${path}`, { method, body: body ? JSON.stringify(body) : null });
  expect(answer.status).toBe(404);
});

test('GET answers with what is asked for', async () => {
  const get = async (path: string) => (await fetch(`${site().baseUrl}${path}`)).json();
  expect(await get('/healthz')).toEqual({ connections: 0 });
  expect(await get('/admin/spki')).toEqual({ spki: site().spki });
  expect(await get('/admin/inbox?phone=15550001')).toEqual([]);
  expect(await get('/admin/connections?phone=15550001')).toEqual([]);
  expect(await get('/admin/inbox')).toMatchObject({ error: { field: 'phone' } });
});
