import { createMemoryOutbox } from '@berth/operator/deliver/memory-outbox.ts';
import type { SessionEndSpec } from '@berth/operator/resource/session-end.ts';
import { expect, onTestFinished, test } from 'vitest';
import { waitUntil } from '../../../cluster/wait-until.ts';
import { keepingLog } from '../../../integration/proxied-api.ts';
import { aSessionEnd } from './a-session-end.ts';

const [one, two] = ['https://one.example.com/', 'https://two.example.com/'];
const { spec } = aSessionEnd({ sinks: [{ url: one }, { url: two }] });

type Send = (url: string, signal: AbortSignal) => Promise<void>;

function anOutbox(answer: Send) {
  const sent: string[] = [];
  const log = keepingLog();
  const outbox = createMemoryOutbox({
    send: (_end, { url }, signal) => {
      sent.push(url);
      return answer(url, signal);
    },
    nowMs: Date.now,
    log,
    backoff: { baseMs: 5, maxMs: 20 },
  });
  const leading = new AbortController();
  const led = outbox.lead(leading.signal);
  onTestFinished(async () => {
    leading.abort();
    await led;
  });
  return { outbox, sent, log };
}

const until = (what: string, is: () => boolean) =>
  waitUntil(what, 5_000, async () => (is() ? { value: true } : { seen: 'not yet' }));

test('an end goes to each sink until it has it, and then never again', async () => {
  let failures = 2;
  const { outbox, sent, log } = anOutbox(async (url) => {
    if (url === two && failures-- > 0) throw new Error('refused');
  });
  outbox.take(spec);
  outbox.take(spec);
  await until('delivery', () => log.lines.some((line) => line.startsWith('Session end delivered from memory')));
  outbox.take(spec);
  await outbox.finish(1_000);
  expect(sent).toEqual([one, two, two, two]);
});

test('an end that is recorded after all is left to the outbox in the API', async () => {
  const { outbox, sent } = anOutbox(() => Promise.reject(new Error('refused')));
  outbox.take(spec);
  await until('an attempt', () => sent.length > 0);
  outbox.forget(spec.run.uid);
  await outbox.finish(1_000);
  expect(sent.length).toBeGreaterThan(0);
});

test('finish() is bounded, and names the ends that go with the process', async () => {
  const { outbox, sent, log } = anOutbox(
    (_url, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
  );
  outbox.take(spec);
  await until('an attempt', () => sent.length > 0);
  const startedMs = performance.now();
  await outbox.finish(50);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(log.lines.join('\n')).toMatch(/Ends that are recorded nowhere go with this process.*run-1/);
});

test('no more than 1000 ends are held, and there is room again when one is delivered', async () => {
  const free: (() => void)[] = [];
  const { outbox, sent } = anOutbox(() => new Promise((resolve) => free.push(resolve)));
  const ofRun = (uid: number): SessionEndSpec => ({ ...spec, run: { uid: `run-${uid}` }, sinks: [{ url: one }] });
  for (let uid = 0; uid < 1_001; uid++) outbox.take(ofRun(uid));
  while (sent.length < 1_000) {
    free.shift()?.();
    await new Promise(setImmediate);
  }
  for (const each of free) each();
  await until('all of them', () => free.length > 0 && sent.length === 1_000);
  outbox.take(ofRun(2_000));
  await until('the next', () => sent.length > 1_000);
  for (const each of free) each();
  expect(sent).toHaveLength(1_001);
});
