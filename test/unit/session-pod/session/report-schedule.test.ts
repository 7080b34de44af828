import type { Reported } from '@berth/session-pod/session/report-schedule.ts';
import { reportDueInMs } from '@berth/session-pod/session/report-schedule.ts';
import type { Session } from '@berth/session-pod/session/session.ts';
import { expect, test } from 'vitest';
import { aSession, sinceMs } from './a-session.ts';

interface Case {
  readonly name: string;
  readonly session: Partial<Session>;
  readonly reported: Reported | undefined;
  readonly afterMs: number;
  readonly dueInMs: number | undefined;
}
const readyBefore: Reported = { state: 'ready', reconnects: 0 };

test.each<Case>([
  {
    name: 'waits 2 s with a first report of a passing state',
    session: { state: 'connecting' },
    reported: undefined,
    afterMs: 500,
    dueInMs: 1_500,
  },
  {
    name: 'sends a first report after 2 s at the latest',
    session: { state: 'connecting' },
    reported: undefined,
    afterMs: 2_500,
    dueInMs: 0,
  },
  {
    name: 'sends a QR code as first report at once',
    session: { state: 'waiting_for_pairing' },
    reported: undefined,
    afterMs: 100,
    dueInMs: 0,
  },
  {
    name: 'sends ready as first report at once',
    session: { state: 'ready' },
    reported: undefined,
    afterMs: 100,
    dueInMs: 0,
  },
  { name: 'sends stopping at once', session: { state: 'stopping' }, reported: readyBefore, afterMs: 0, dueInMs: 0 },
  {
    name: 'holds a passing state back',
    session: { state: 'reconnecting' },
    reported: readyBefore,
    afterMs: 300,
    dueInMs: 1_700,
  },
  {
    name: 'says why nothing comes of a passing state that was told without a reason',
    session: { state: 'connecting', message: 'nobody answers' },
    reported: { state: 'connecting', reconnects: 0 },
    afterMs: 5_000,
    dueInMs: 0,
  },
  {
    name: 'sends no second reason of the same state',
    session: { state: 'connecting', message: 'nobody is there' },
    reported: { state: 'connecting', reconnects: 0, message: 'nobody answers' },
    afterMs: 5_000,
    dueInMs: undefined,
  },
  {
    name: 'sends a passing state that lasts',
    session: { state: 'reconnecting' },
    reported: readyBefore,
    afterMs: 2_000,
    dueInMs: 0,
  },
  {
    name: 'has nothing to tell of the same',
    session: { state: 'ready' },
    reported: readyBefore,
    afterMs: 9_000,
    dueInMs: undefined,
  },
  {
    name: 'tells of a quick loss by the count alone',
    session: { state: 'ready', reconnects: 1 },
    reported: readyBefore,
    afterMs: 0,
    dueInMs: 0,
  },
  {
    name: 'holds losses back from the first one, however often the state changes meanwhile',
    session: { state: 'reconnecting', sinceMs: sinceMs + 1_500, reconnects: 2, lostAtMs: [sinceMs, sinceMs + 1_500] },
    reported: readyBefore,
    afterMs: 1_600,
    dueInMs: 400,
  },
  {
    name: 'holds a new loss back that follows one which was told',
    session: { state: 'reconnecting', sinceMs: sinceMs + 1_500, reconnects: 2, lostAtMs: [sinceMs, sinceMs + 1_500] },
    reported: { state: 'reconnecting', reconnects: 1 },
    afterMs: 1_600,
    dueInMs: 1_900,
  },
  {
    name: 'tells of an account learnt late',
    session: { state: 'ready', account: { id: 'a' } },
    reported: readyBefore,
    afterMs: 0,
    dueInMs: 0,
  },
  {
    name: 'has nothing to tell of a new QR code',
    session: { state: 'waiting_for_pairing', qr: 'b' },
    reported: { state: 'waiting_for_pairing', reconnects: 0 },
    afterMs: 60_000,
    dueInMs: undefined,
  },
])('reportDueInMs() $name', ({ session, reported, afterMs, dueInMs }) => {
  expect(reportDueInMs(aSession(session), reported, sinceMs, sinceMs + afterMs)).toBe(dueInMs);
});
