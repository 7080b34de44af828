import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { askSite, upload } from './site-request.ts';
import { useWhatsAppWeb } from './use-whatsapp-web.ts';

const { aLinkedPage, phone, site } = useWhatsAppWeb();

test('the site serves its page, and every module that it imports', async () => {
  const page = await askSite(site(), '/');
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  const [, first = ''] = /<script type="module" src="([^"]+)"/.exec(page.body.toString('utf8')) ?? [];
  const seen = new Set([first]);
  for (const path of seen) {
    const { status, headers, body } = await askSite(site(), path);
    expect({ path, status, type: headers['content-type'] }).toMatchObject({ status: 200, type: /^text\/javascript/ });
    for (const [, name] of body.toString('utf8').matchAll(/from '\.\/([^']+)'/g)) seen.add(`/page/${name}`);
  }
  expect(seen.size).toBeGreaterThan(5);
});

test.each(['/page/nothing.js', '/page/../main.ts', '/page/%2e%2e/main.ts', '/favicon.ico', '/media/unknown'])(
  'GET %s answers 404',
  async (path) => {
    expect((await askSite(site(), path)).status).toBe(404);
  },
);

test('a file that a page has uploaded is downloaded as it was', async () => {
  const { page } = await aLinkedPage();
  const data = Buffer.from(crypto.getRandomValues(new Uint8Array(50_000)));
  const path = await upload(site(), page.login?.token, 'image/png', data);
  expect((await askSite(site(), path)).body).toEqual(data);
});

test('nobody uploads without a login', async () => {
  await expect(upload(site(), 'no-token', 'image/png', Buffer.from('a'))).rejects.toThrow('400');
});

test('fault "expire-media" makes every file be gone', async () => {
  const { page } = await aLinkedPage();
  const path = await upload(site(), page.login?.token, 'image/png', Buffer.from('a'));
  await phone().fault('expire-media');
  expect((await askSite(site(), path)).status).toBe(404);
});

test.each([
  { kind: 'break-injection', told: { breaksInjection: true, breaksReady: false } },
  { kind: 'break-ready', told: { breaksInjection: false, breaksReady: true } },
] as const)('fault "$kind" tells the page so until "accept"', async ({ kind, told }) => {
  const settings = async () => {
    const { body } = await askSite(site(), '/');
    const [, json = ''] = /id="settings">(.*?)<\/script>/.exec(body.toString('utf8')) ?? [];
    return JSON.parse(json) as unknown;
  };
  await phone().fault(kind);
  expect(await settings()).toMatchObject(told);
  await phone().fault('accept');
  expect(await settings()).toMatchObject({ breaksInjection: false, breaksReady: false });
});

test.each([
  { kind: 'refuse', failure: /hang up|disconnected|ECONNRESET/ },
  { kind: 'mute-site', failure: 'No answer' },
] as const)('fault "$kind" keeps the page from being loaded', async ({ kind, failure }) => {
  await phone().fault(kind);
  await expect(askSite(site(), '/')).rejects.toThrow(failure);
});

test('the certificate has the public key that the admin API tells of', async () => {
  const socket = connect({ host: '127.0.0.1', port: site().sitePort, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = new X509Certificate(socket.getPeerX509Certificate()?.raw ?? '');
  socket.destroy();
  const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const spki = createHash('sha256').update(publicKey).digest('base64');
  expect(await phone().spki()).toBe(spki);
  expect(site().browserArguments).toContain(`--ignore-certificate-errors-spki-list=${spki}`);
  expect(certificate.subjectAltName).toBe('DNS:web.whatsapp.com');
});
