import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { maxMediaBytes } from '@berth/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aCertificateAuthority, type Credentials, type TestAuthority } from '../../builders/a-certificate-authority.ts';
import { createPhone, type Phone } from '../../whatsapp/phone-client.ts';
import { startWhatsApp, type WhatsApp } from '../../whatsapp/start-whatsapp.ts';
import { trustingOnly } from '../../whatsapp/trust-media.ts';
import { aReportReceiver } from './a-report-receiver.ts';
import { aSessionPod } from './a-session-pod.ts';
import { aTemporaryDirectory } from './a-temporary-directory.ts';
import { eventually } from './eventually.ts';

const contact = '5511888890001';
const number = '5511999940001';
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

let authority: TestAuthority;
let client: Credentials;
let whatsApp: WhatsApp;
let phone: Phone;
beforeAll(async () => {
  authority = await aCertificateAuthority();
  client = await authority.issue('berth-operator');
  whatsApp = await startWhatsApp();
  phone = createPhone(whatsApp);
});
afterAll(() => whatsApp.stop());

/** Of a process on Linux, at its highest. */
function peakMiB(pid: number | undefined): string {
  const text = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
  return (Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1]) / 1_024).toFixed(0);
}

test('main() is linked by a code, sends and receives files, and tells what became of them', {
  timeout: 60_000,
}, async () => {
  const { received, url } = await aReportReceiver(authority, [200]);
  const temporary = aTemporaryDirectory();
  const run = aSessionPod({ authority, client, whatsApp, operatorUrl: url }).start('run-1', {
    NODE_OPTIONS: trustingOnly(whatsApp.mediaAuthority),
    BERTH_PAIRING_PHONE_NUMBER: number,
    TMPDIR: temporary,
  });
  const { json } = await eventually(
    () => run.ask('/v1/pairing-code'),
    ({ status }) => status === 200,
    15_000,
  );
  const { pairingCode } = json as { readonly pairingCode: string };
  expect(await run.ask('/v1/qr')).toMatchObject({ status: 404 });
  await phone.enterCode(pairingCode, number);
  await run.ready();
  expect(await run.ask('/v1/pairing-code')).toMatchObject({ status: 404 });
  await eventually(
    () => received,
    (seen) => seen.at(-1)?.report.account?.id === `${number}@s.whatsapp.net`,
  );

  const largest = randomBytes(maxMediaBytes);
  console.log(`peak resident memory when ready: ${peakMiB(run.child.process.pid)} MiB`);
  const media = { mimetype: 'application/pdf', fileName: 'all.pdf', data: largest.toString('base64') };
  const body = JSON.stringify({ to: contact, text: 'all of it', media });
  const startedAtMs = Date.now();
  const sent = await run.ask('/v1/messages', { body, timeoutMs: 60_000 });
  console.log(`a file of 16 MiB sent in ${Date.now() - startedAtMs} ms`);
  const { id } = sent.json as { readonly id: string };
  const inbox = await eventually(
    () => phone.inbox(number),
    (seen) => seen.length > 0,
    15_000,
  );
  expect(inbox).toMatchObject([
    {
      id,
      to: contact,
      text: 'all of it',
      media: { mimetype: 'application/pdf', fileName: 'all.pdf', sizeBytes: maxMediaBytes, sha256: sha256(largest) },
    },
  ]);
  await phone.read(number, id);
  await eventually(
    async () => ((await run.ask('/v1/acks')).json as { acks: { id: string; level: string }[] }).acks,
    (acks) => acks.some((ack) => ack.id === id && ack.level === 'read'),
    15_000,
  );

  await phone.deliver({ to: number, from: contact, text: 'look', media: { mimetype: 'image/png', data: largest } });
  const { messages } = await eventually(
    async () => (await run.ask('/v1/messages')).json as { messages: { sequence: number; media?: object }[] },
    (seen) => seen.messages.length > 0,
    15_000,
  );
  expect(messages).toMatchObject([{ text: 'look', media: { mimetype: 'image/png', sizeBytes: maxMediaBytes } }]);
  const file = await run.ask(`/v1/media?sequence=${messages[0]?.sequence}`, { timeoutMs: 60_000 });
  expect([file.status, sha256(file.content)]).toEqual([200, sha256(largest)]);
  console.log(`peak resident memory after 16 MiB out and in: ${peakMiB(run.child.process.pid)} MiB`);
  expect(readdirSync(temporary)).toEqual([]);

  const printed = run.child.lines.join('\n');
  for (const secret of [number, contact, pairingCode, 'all of it']) expect(printed).not.toContain(secret);
});
