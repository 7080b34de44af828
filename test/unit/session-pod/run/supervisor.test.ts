import type { Engine, EngineListener, MessageAck } from '@berth/session-pod/engine/engine.ts';
import type { Correction, EndEffect } from '@berth/session-pod/run/supervisor.ts';
import { createSupervisor } from '@berth/session-pod/run/supervisor.ts';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { silentLog } from '../silent-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

/** A started supervisor over an engine that only counts how often it is dialled. */
function aSupervisor(connect: () => Promise<void> = async () => {}) {
  onTestFinished(() => void vi.useRealTimers());
  const dials: number[] = [];
  const reports: string[] = [];
  const ends: (EndEffect & { withinMs: number })[] = [];
  const corrections: Correction[] = [];
  const acks: MessageAck[] = [];
  let listener: EngineListener | undefined;
  const startedAtMs = Date.now();
  const supervisor = createSupervisor({
    createEngine(given): Engine {
      listener = given;
      return {
        connect() {
          dials.push(Date.now() - startedAtMs);
          return connect();
        },
        sendText: async () => 'id',
        sendMedia: async () => 'id',
        probe: async () => {},
        logout: async () => {},
        close: async () => {},
      };
    },
    onMessage: () => {},
    onAck: (ack) => acks.push(ack),
    onSession: () => {},
    sendReport({ state, reconnects, recentReconnects = 0 }) {
      const recent = recentReconnects === reconnects ? '' : ` (${recentReconnects} recent)`;
      reports.push(`${Date.now() - startedAtMs} ${state} ${reconnects}${recent}`);
    },
    onEnd: (end, withinMs) => ends.push({ ...end, withinMs }),
    onCorrection: (correction) => corrections.push(correction),
    processStartedAtMs: startedAtMs,
    reconnectWindowMs: 600_000,
    nowMs: Date.now,
    log: silentLog,
  });
  supervisor.start();
  const hear: EngineListener['onSession'] = (event) => listener?.onSession(event);
  const lose = (code = 428) => hear({ type: 'Closed', code, saidByWhatsApp: true, message: 'm', random: 1 });
  return { supervisor, dials, reports, ends, corrections, acks, hear, lose, listener: () => listener };
}

test('createSupervisor() reports a pairing in three writes: QR code, account, ready', async () => {
  const { reports, dials, hear, lose } = aSupervisor();
  await vi.advanceTimersByTimeAsync(500);
  hear({ type: 'QrReceived', qr: 'q' });
  await vi.advanceTimersByTimeAsync(30_000);
  hear({ type: 'QrReceived', qr: 'r' });
  hear({ type: 'Paired' });
  lose(515);
  await vi.advanceTimersByTimeAsync(400);
  hear({ type: 'Opened', account: { id: 'a' } });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reports).toEqual(['500 waiting_for_pairing 0', '30900 ready 0']);
  expect(dials).toEqual([0, 30_500]);
});

test('createSupervisor() reports after 2 s that it is still connecting', async () => {
  const { reports } = aSupervisor();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reports).toEqual(['2000 connecting 0']);
});

test('createSupervisor() tells of a short loss once, and of a long one while it lasts', async () => {
  const { reports, hear, lose } = aSupervisor();
  hear({ type: 'Opened', account: { id: 'a' } });
  await vi.advanceTimersByTimeAsync(100_000);
  lose();
  await vi.advanceTimersByTimeAsync(1_500);
  hear({ type: 'Opened' });
  await vi.advanceTimersByTimeAsync(98_500);
  lose();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(reports).toEqual(['0 ready 0', '101500 ready 1', '202000 reconnecting 2']);
});

test('createSupervisor() dials again with growing pauses, also when dialling itself fails', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  onTestFinished(() => void vi.restoreAllMocks());
  const { dials } = aSupervisor(() => Promise.reject(new Error('no socket')));
  await vi.advanceTimersByTimeAsync(16_000);
  expect(dials).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
});

test('createSupervisor() ends once, reports it at once, and dials no more', async () => {
  const { supervisor, ends, reports, dials, hear, lose } = aSupervisor();
  await vi.advanceTimersByTimeAsync(0);
  hear({ type: 'Opened' });
  lose(); // A dial is due in a second.
  supervisor.tell({ type: 'StopAsked', message: 'Asked to stop' }, 3_000);
  supervisor.tell({ type: 'StopAsked', message: 'Asked again' }, 1_000);
  hear({ type: 'Opened' });
  lose(401);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ends).toMatchObject([{ exitCode: 0, message: 'Asked to stop', withinMs: 3_000, eraseCredentials: false }]);
  expect(reports.at(-1)).toBe('0 stopping 1');
  expect(dials).toEqual([0]);
});

test('createSupervisor() ends by itself after a logout', () => {
  const { ends, hear, lose } = aSupervisor();
  hear({ type: 'Opened' });
  lose(401);
  expect(ends).toMatchObject([{ exitCode: 1, reason: 'logged_out', code: 401, eraseCredentials: true }]);
});

test('createSupervisor() tells of a loop within 2 s although no state of it lasts so long, once a loss at most', async () => {
  const { reports, hear, lose } = aSupervisor();
  hear({ type: 'Opened', account: { id: 'a' } });
  await vi.advanceTimersByTimeAsync(5_000);
  for (let round = 0; round < 6; round++) {
    lose();
    await vi.advanceTimersByTimeAsync(700);
    hear({ type: 'Paired' });
    await vi.advanceTimersByTimeAsync(300);
  }
  expect(reports).toEqual(['0 ready 0', '7000 authenticated 2', '9000 authenticated 4', '11000 authenticated 6']);
});

test('createSupervisor() counts what was lost within the window', async () => {
  const { reports, hear, lose } = aSupervisor();
  for (const pauseMs of [100_000, 700_000, 0]) {
    hear({ type: 'Opened', account: { id: 'a' } });
    await vi.advanceTimersByTimeAsync(pauseMs);
    lose();
  }
  hear({ type: 'Opened' });
  expect(reports.at(-1)).toBe('800000 ready 3 (2 recent)');
});

test('createSupervisor() corrects the end of a run that was replaced by its own successor, and no other', async () => {
  const over = { type: 'RunOver', message: 'over (410)' } as const;
  const replaced = aSupervisor();
  replaced.hear({ type: 'Opened' });
  replaced.lose(440);
  replaced.supervisor.tell(over, 1_000);
  replaced.supervisor.tell(over, 1_000);
  expect(replaced.ends).toMatchObject([{ reason: 'replaced', code: 440 }]);
  expect(replaced.corrections).toEqual([{ type: 'CorrectLastWords', code: 440, message: 'over (410)' }]);
  const loggedOut = aSupervisor();
  loggedOut.hear({ type: 'Opened' });
  loggedOut.lose(401);
  loggedOut.supervisor.tell(over, 1_000);
  expect([loggedOut.ends.length, loggedOut.corrections]).toEqual([1, []]);
});

test('createSupervisor() passes on what becomes of messages, and keeps a pairing code until the phone accepts', async () => {
  const { supervisor, acks, hear, listener } = aSupervisor();
  listener()?.onAck({ id: 'm1', level: 'delivered' });
  expect(acks).toEqual([{ id: 'm1', level: 'delivered' }]);
  hear({ type: 'PairingCodeReceived', code: 'ABCD1234' });
  expect(supervisor.session()).toMatchObject({ state: 'waiting_for_pairing', pairingCode: 'ABCD1234' });
  hear({ type: 'Paired' });
  expect(supervisor.session()).not.toHaveProperty('pairingCode');
});
