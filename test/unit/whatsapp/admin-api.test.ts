import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWhatsApp, type WhatsApp } from '../../whatsapp/start-whatsapp.ts';

let whatsApp: WhatsApp;

beforeAll(async () => {
  whatsApp = await startWhatsApp();
});
afterAll(() => whatsApp.stop());

const qr = `https://wa.me/settings/linked_devices#2@ref,${['', '', ''].map(() => Buffer.alloc(32).toString('base64')).join(',')},1`;

test.each([
  { path: '/admin/scan', body: '{"phone":"15550001"}', field: 'qr' },
  { path: '/admin/scan', body: JSON.stringify({ qr: 'not a QR', phone: '15550001' }), field: 'qr' },
  { path: '/admin/scan', body: JSON.stringify({ qr, phone: '+15550001' }), field: 'phone' },
  { path: '/admin/scan', body: '{"qr":', field: 'body' },
  { path: '/admin/scan', body: '[]', field: 'body' },
  { path: '/admin/scan', body: `{"qr":"${'x'.repeat(300_000)}"}`, field: 'body' },
  { path: '/admin/deliver', body: '{"to":"15550001","from":"15550002"}', field: 'text' },
  { path: '/admin/deliver', body: '{"to":"15550001","from":7,"text":"a"}', field: 'from' },
  { path: '/admin/deliver', body: `{"to":"15550001","from":"15550002","text":"${'x'.repeat(70_000)}"}`, field: 'text' },
  { path: '/admin/deliver', body: '{"to":"15550001","from":"15550002","media":"x"}', field: 'media' },
  { path: '/admin/deliver', body: '{"to":"15550001","from":"15550002","media":{"mimetype":"png"}}', field: 'mimetype' },
  { path: '/admin/enter-code', body: '{"phone":"15550001","code":"abc"}', field: 'code' },
  { path: '/admin/enter-code', body: '{"code":"ABCD1234"}', field: 'phone' },
  { path: '/admin/read', body: '{"phone":"15550001"}', field: 'id' },
  { path: '/admin/fault', body: '{"phone":"15550001","kind":"boom"}', field: 'kind' },
  { path: '/admin/fault', body: '{"phone":"15550001","kind":"failure","argument":"403"}', field: 'argument' },
  { path: '/admin/fault', body: '{"phone":"15550001","kind":"failure","argument":9}', field: 'argument' },
  { path: '/admin/fault', body: '{"kind":"mute"}', field: 'phone' },
])('POST $path answers 400 and names "$field"', async ({ path, body, field }) => {
  const answer = await fetch(`${whatsApp.baseUrl}${path}`, { method: 'POST', body });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { field, code: 'STAND_IN_BAD_REQUEST' } });
});

test.each([
  { method: 'POST', path: '/admin/deliver', body: '{"to":"15550001","from":"15550002","text":"a"}' },
  { method: 'POST', path: '/admin/fault', body: '{"phone":"15550001","kind":"mute"}' },
  { method: 'POST', path: '/admin/scan', body: JSON.stringify({ qr, phone: '15550001' }) },
  { method: 'POST', path: '/admin/enter-code', body: '{"phone":"15550001","code":"ABCD1234"}' },
  { method: 'POST', path: '/admin/read', body: '{"phone":"15550001","id":"3EB0"}' },
  { method: 'GET', path: '/admin/nothing', body: undefined },
])('$method $path answers 404 for what does not exist', async ({ method, path, body }) => {
  const answer = await fetch(`${whatsApp.baseUrl}${path}`, { method, body: body ?? null });
  expect(answer.status).toBe(404);
});

test('GET answers with what is asked for', async () => {
  const get = async (path: string) => (await fetch(`${whatsApp.baseUrl}${path}`)).json();
  expect(await get('/healthz')).toEqual({ connections: 0 });
  expect(await get('/admin/root-key')).toEqual({ publicKey: whatsApp.rootPublicKey });
  expect(await get('/admin/media-authority')).toEqual({ certificate: whatsApp.mediaAuthority });
  expect(await get('/admin/inbox?phone=15550001')).toEqual([]);
  expect(await get('/admin/connections?phone=15550001')).toEqual([]);
  expect(await get('/admin/inbox')).toMatchObject({ error: { field: 'phone' } });
});
