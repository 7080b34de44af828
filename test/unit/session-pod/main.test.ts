import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionState } from '@berth/protocol';
import { readRuns } from '@berth/session-pod/storage/runs.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Credentials, TestAuthority } from '../../builders/a-certificate-authority.ts';
import { aCertificateAuthority } from '../../builders/a-certificate-authority.ts';
import type { Phone } from '../../whatsapp/phone-client.ts';
import { createPhone } from '../../whatsapp/phone-client.ts';
import type { WhatsApp } from '../../whatsapp/start-whatsapp.ts';
import { startWhatsApp } from '../../whatsapp/start-whatsapp.ts';
import { aReportReceiver } from './a-report-receiver.ts';
import type { SessionPod, SessionRun } from './a-session-pod.ts';
import { aSessionPod } from './a-session-pod.ts';
import { eventually } from './eventually.ts';

const aStory = { timeout: 60_000 };
/** Reported only where they last 2 s, as on a machine that is busy with something else. */
const passing: ReadonlySet<string> = new Set<SessionState>(['connecting', 'authenticated', 'reconnecting']);
const contact = '5511888880000';

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

async function aPod(answers: Parameters<typeof aReportReceiver>[1] = [200]) {
  const { received, url } = await aReportReceiver(authority, answers);
  return { pod: aSessionPod({ authority, client, whatsApp, operatorUrl: url }), received };
}

/** A run on the pod's volume, paired with this number and ready. */
async function aPairedRun(pod: SessionPod, number: string, runUid = 'run-1'): Promise<SessionRun> {
  const run = pod.start(runUid);
  await phone.scan(await run.qr(), number);
  await run.ready();
  return run;
}

/** Of a process on Linux; what a container is charged for beside the page cache. */
function anonymousMiB(pid: number | undefined): string {
  const text = existsSync(`/proc/${pid}/smaps_rollup`) ? readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8') : '';
  return (Number(/^Anonymous:\s+(\d+)/m.exec(text)?.[1]) / 1_024).toFixed(0);
}

test('main() pairs, reports, receives and sends, and comes back from a SIGKILL without a QR code', aStory, async () => {
  const { pod, received } = await aPod();
  const number = '5511999990001';
  const startedAtMs = Date.now();
  const run = pod.start('run-1');
  const qr = await run.qr();
  console.log(`process start to QR code: ${Date.now() - startedAtMs} ms`);
  await phone.scan(qr, number);
  await run.ready();
  await eventually(
    () => received,
    (seen) => seen.at(-1)?.report.state === 'ready',
  );
  const { certificate } = await run.ask('/healthz');
  const settled = received.map(({ report }) => report).filter(({ state }) => !passing.has(state));
  expect(settled).toMatchObject([
    { runUid: 'run-1', state: 'waiting_for_pairing', reconnects: 0 },
    {
      runUid: 'run-1',
      state: 'ready',
      reconnects: 0,
      account: { id: `${number}@s.whatsapp.net` },
      certificateSha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    },
  ]);

  expect(await run.send(contact, 'a text to send')).toMatchObject({ status: 200 });
  await eventually(
    () => phone.inbox(number),
    (seen) => seen.some(({ text }) => text === 'a text to send'),
  );
  await phone.deliver({ to: number, from: contact, text: 'a text to receive' });
  await eventually(
    () => run.ask('/v1/messages?since=0'),
    ({ text }) => text.includes('"text":"a text to receive"') && text.includes(`"from":"${contact}@s.whatsapp.net"`),
  );
  console.log(`anonymous memory when ready: ${anonymousMiB(run.child.process.pid)} MiB`);
  const metrics = await run.ask('/metrics');
  expect(metrics.text).toContain('berth_session_messages_total{direction="in"} 1');
  expect(metrics.text).toContain('berth_session_connection_state{state="ready"} 1');

  run.child.process.kill('SIGKILL');
  expect(await run.child.exited()).toBe('SIGKILL');
  const next = pod.start('run-2');
  await next.ready();
  const ofNext = () => received.map(({ report }) => report).filter(({ runUid }) => runUid === 'run-2');
  await eventually(ofNext, (seen) => seen.at(-1)?.state === 'ready');
  expect(ofNext().map(({ sequence }) => sequence)).toEqual(ofNext().map((_, index) => index + 1));
  expect(await next.send(contact, 'a text after the kill')).toMatchObject({ status: 200 });
  await eventually(
    () => phone.inbox(number),
    (seen) => seen.some(({ text }) => text === 'a text after the kill'),
  );

  const signalledAtMs = Date.now();
  next.child.process.kill('SIGTERM');
  expect(await next.child.exited()).toBe(0);
  expect(Date.now() - signalledAtMs).toBeLessThan(5_000);
  expect(next.lastWords()).toEqual({ message: 'Asked to stop by SIGTERM' });
  expect(received.at(-1)?.report).toMatchObject({ runUid: 'run-2', state: 'stopping' });
  expect(readRuns(pod.data).map(({ runUid, endedAtMs }) => [runUid, endedAtMs !== undefined])).toEqual([
    ['run-1', false],
    ['run-2', false],
    ['run-2', true],
  ]);
  const printed = [...run.child.lines, ...next.child.lines].join('\n');
  for (const secret of [number, contact, 'a text', qr, 'privKey']) expect(printed).not.toContain(secret);
});

test('main() reconnects after transient errors in the same process, with the same login', aStory, async () => {
  const { pod, received } = await aPod();
  const number = '5511999990002';
  const run = await aPairedRun(pod, number);
  for (const [index, cause] of [
    () => phone.fault('stream-error', number, 503),
    () => phone.fault('drop', number),
  ].entries()) {
    await cause();
    await eventually(
      () => received,
      (seen) => seen.at(-1)?.report.reconnects === index + 1,
      20_000,
    );
    await run.ready();
  }
  expect(run.child.process.exitCode).toBeNull();
  expect(run.child.lines.filter((line) => line.includes('"to":"waiting_for_pairing"'))).toHaveLength(1);
});

test('main() ends with the reason when another client replaces it, and keeps its login', aStory, async () => {
  const { pod } = await aPod();
  const number = '5511999990003';
  const run = await aPairedRun(pod, number);
  await phone.fault('conflict', number);
  expect(await run.child.exited()).toBe(1);
  expect(run.lastWords()).toMatchObject({ reason: 'replaced', code: 440 });
  await pod.start('run-2').ready();
});

test(
  'main() ends with the reason when the phone unlinks it, and the next run shows a new QR code',
  aStory,
  async () => {
    const { pod } = await aPod();
    const number = '5511999990004';
    const run = await aPairedRun(pod, number);
    run.child.process.kill('SIGKILL'); // A 401 within 30 s of the pairing would count as WhatsApp not knowing it yet.
    await run.child.exited();
    const next = pod.start('run-2');
    await next.ready();
    await phone.fault('unlink', number);
    expect(await next.child.exited()).toBe(1);
    expect(next.lastWords()).toMatchObject({ reason: 'logged_out', code: 401 });
    expect(await pod.start('run-3').qr()).toContain('#2@');
  },
);

test('main() stops in time on a frozen connection, asked over its API and by SIGTERM', aStory, async () => {
  const { pod } = await aPod();
  const number = '5511999990005';
  const run = await aPairedRun(pod, number);
  await phone.fault('freeze', number);
  const askedAtMs = Date.now();
  expect(await run.ask('/v1/stop', { body: '{"withinMs":20000}' })).toMatchObject({ status: 202 });
  expect(await run.child.exited()).toBe(0);
  expect(Date.now() - askedAtMs).toBeLessThan(5_000);
  expect(run.lastWords()).toEqual({ message: 'Asked to stop over its API' });
  const next = pod.start('run-2');
  await next.ready();
  await phone.fault('freeze', number);
  const signalledAtMs = Date.now();
  next.child.process.kill('SIGTERM');
  expect(await next.child.exited()).toBe(0);
  expect(Date.now() - signalledAtMs).toBeLessThan(5_000);
});

test('main() logs out when asked to, and the next run shows a new QR code', aStory, async () => {
  const { pod } = await aPod();
  const number = '5511999990007';
  const run = await aPairedRun(pod, number);
  expect(await run.ask('/v1/stop', { body: '{"withinMs":20000,"logout":true}' })).toMatchObject({ status: 202 });
  expect(await run.child.exited()).toBe(0);
  expect(run.lastWords()).toEqual({ message: 'Asked to log out and stop over its API' });
  expect(run.child.lines.join('\n')).toContain('WhatsApp confirmed the logout');
  await expect(phone.fault('drop', number)).rejects.toThrow('the phone has no linked device');
  expect(await pod.start('run-2').qr()).toContain('#2@');
});

test.each([
  { fault: 'mute', number: '5511999990008', why: 'no answer within' },
  { fault: 'freeze', number: '5511999990009', why: 'no answer within' },
  { fault: 'cut-logout', number: '5511999990010', why: 'the connection was closed with 428' },
] as const)(
  'main() ends in time and keeps its login when the logout meets the fault "$fault"',
  aStory,
  async (given) => {
    const { pod } = await aPod();
    const run = await aPairedRun(pod, given.number);
    await phone.fault(given.fault, given.number);
    const askedAtMs = Date.now();
    expect(await run.ask('/v1/stop', { body: '{"withinMs":20000,"logout":true}' })).toMatchObject({ status: 202 });
    expect(await run.child.exited()).toBe(0);
    expect(Date.now() - askedAtMs).toBeLessThan(9_000);
    expect(run.lastWords()).toEqual({ message: 'Asked to log out and stop over its API' });
    expect(run.child.lines.join('\n')).toContain(`Cannot log out: ${given.why}`);
    await pod.start('run-2').ready();
  },
);

test('main() gives a logout no more than the time it has, and still closes in order', aStory, async () => {
  const { pod } = await aPod();
  const run = await aPairedRun(pod, '5511999990011');
  await phone.fault('freeze', '5511999990011');
  const askedAtMs = Date.now();
  await run.ask('/v1/stop', { body: '{"withinMs":4000,"logout":true}' });
  expect(await run.child.exited()).toBe(0);
  expect(Date.now() - askedAtMs).toBeLessThan(4_500);
  expect(readRuns(pod.data).some(({ endedAtMs }) => endedAtMs !== undefined)).toBe(true);
});

test('main() is a ghost, not replaced, when the operator has given its run up', aStory, async () => {
  const { pod, received } = await aPod(({ state }) => (state === 'stopping' ? 410 : 200));
  const number = '5511999990012';
  const run = await aPairedRun(pod, number);
  await phone.fault('conflict', number);
  await run.child.exited();
  expect(run.lastWords()).toEqual({ code: 440, message: 'The operator said that this run is over (410)' });
  expect(received.at(-1)?.report.state).toBe('stopping');
});

test('main() is replaced when the operator does not answer, in bounded time', aStory, async () => {
  const { pod } = await aPod(({ state }) => (state === 'stopping' ? 'silent' : 200));
  const number = '5511999990013';
  const run = await aPairedRun(pod, number);
  const lostAtMs = Date.now();
  await phone.fault('conflict', number);
  expect(await run.child.exited()).toBe(1);
  expect(Date.now() - lostAtMs).toBeLessThan(6_000);
  expect(run.lastWords()).toMatchObject({ reason: 'replaced', code: 440 });
});

test('main() hears a SIGTERM as soon as its first line has run, and says so', aStory, async () => {
  const { pod } = await aPod();
  // Node ends at once before that line: there is nobody yet who could hear.
  const signalsItself = `process.on('newListener', (name) => {
    if (name === 'SIGTERM') setImmediate(() => process.kill(process.pid, 'SIGTERM'));
  })`;
  const run = pod.start('run-1', {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(signalsItself)}`,
  });
  expect(await run.child.exited()).toBe(0);
  // Loading leaves few moments to hear it in; it may come to the run itself.
  expect(run.lastWords()?.message).toMatch(/^Asked to stop by SIGTERM( before the session started)?$/);
});

test(
  'main() ends in order after a SIGTERM that comes when it has its volume and does not serve yet',
  aStory,
  async () => {
    const { pod } = await aPod();
    const run = pod.start('run-1');
    await eventually(
      () => readdirSync(pod.data),
      (seen) => seen.includes('holder.json'),
    );
    run.child.process.kill('SIGTERM');
    expect(await run.child.exited(5_000)).toBe(0);
    // It is between the two that the run takes over from what hears a stop early.
    expect(run.lastWords()?.message).toMatch(/^Asked to stop by SIGTERM( before the session started)?$/);
    await pod.start('run-2').qr();
  },
);

test('main() ends in order after a SIGTERM that comes as it begins to serve', aStory, async () => {
  const { pod } = await aPod();
  const run = pod.start('run-1');
  await run.child.line((line) => line.includes('"msg":"Serving"'));
  run.child.process.kill('SIGTERM');
  expect(await run.child.exited(5_000)).toBe(0);
  expect(run.lastWords()).toEqual({ message: 'Asked to stop by SIGTERM' });
  expect(readRuns(pod.data).map(({ runUid, endedAtMs }) => [runUid, endedAtMs !== undefined])).toEqual([
    ['run-1', false],
    ['run-1', true],
  ]);
});

test('main() exits when the operator says that the run is over, and says so', aStory, async () => {
  const { pod } = await aPod([410]);
  const run = pod.start('run-1');
  expect(await run.child.exited()).toBe(0);
  expect(run.lastWords()).toEqual({ message: 'The operator said that this run is over (410)' });
});

test('main() leaves a volume alone that another process holds', aStory, async () => {
  const { pod } = await aPod();
  const first = pod.start('run-1');
  await first.qr();
  const second = pod.start('run-2');
  expect(await second.child.exited()).toBe(1);
  expect(second.lastWords()?.message).toContain('the run "run-1" of pod "demo/alpha" holds it');
  expect(await first.ask('/healthz')).toMatchObject({ status: 200 });
});

test('main() gives up on corrupt credentials and leaves them as they are', aStory, async () => {
  const { pod } = await aPod();
  const run = await aPairedRun(pod, '5511999990006');
  run.child.process.kill('SIGTERM');
  await run.child.exited();
  truncateSync(pod.credentialsFile, 20_000);
  const damaged = readFileSync(pod.credentialsFile);
  const next = pod.start('run-2');
  expect(await next.child.exited()).toBe(1);
  expect(next.lastWords()).toMatchObject({
    reason: 'auth_failure',
    message: expect.stringMatching(/^Cannot read the/),
  });
  expect(readFileSync(pod.credentialsFile).equals(damaged)).toBe(true);
});

test('main() crashes on a full disk, naming it, and has its login when there is room again', aStory, async () => {
  const { pod } = await aPod();
  const number = '5511999990014';
  const first = await aPairedRun(pod, number);
  first.child.process.kill('SIGTERM');
  await first.child.exited();
  // Node's SQLite with no room in any file of its process beyond what the file has.
  const fullDisk = `import { DatabaseSync } from 'node:sqlite';
    const { exec } = DatabaseSync.prototype;
    DatabaseSync.prototype.exec = function (sql) {
      exec.call(this, 'PRAGMA max_page_count = 1');
      return exec.call(this, sql);
    };`;
  const preload = `--import=data:text/javascript,${encodeURIComponent(fullDisk)}`;
  const run = pod.start('run-2', { NODE_OPTIONS: preload });
  const exit = run.child.exited(30_000);
  let others = 0;
  const ended = exit.then(() => 'ended' as const);
  // Each contact that writes for the first time needs keys of its own.
  while (others < 200 && (await Promise.race([ended, sleep(100)])) !== 'ended') {
    others += 1;
    // Refused while the device is not connected: the loop ends with the process.
    await phone
      .deliver({ to: number, from: `55118888${10_000 + others}`, text: 'x'.repeat(100) })
      .catch(() => undefined);
  }
  expect(await exit).toBe(1);
  expect(run.lastWords()).toEqual({
    message: expect.stringMatching(/^Cannot write the credentials in .*: database or disk is full; check that/),
  });
  await pod.start('run-3').ready();
});

test('main() names the variable that is missing', aStory, async () => {
  const { pod } = await aPod();
  const run = pod.start('run-1', { BERTH_OPERATOR_URL: '' });
  expect(await run.child.exited()).toBe(1);
  expect(run.child.lines.join('\n')).toContain('"BERTH_OPERATOR_URL" is missing');
  expect(run.lastWords()?.message).toContain('"BERTH_OPERATOR_URL" is missing');
});
