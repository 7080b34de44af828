import { advance } from '@berth/session-pod/session/advance.ts';
import type { Session, SessionEvent } from '@berth/session-pod/session/session.ts';
import { expect, test } from 'vitest';
import { aSession, sinceMs } from './a-session.ts';

function closed(code: number, given: Partial<Extract<SessionEvent, { type: 'Closed' }>> = {}): SessionEvent {
  return { type: 'Closed', code, saidByWhatsApp: true, message: `code ${code}`, random: 1, ...given };
}

interface Case {
  readonly name: string;
  readonly before: Partial<Session>;
  readonly event: SessionEvent;
  /** Undefined: must be absent. */
  readonly after: { readonly [Name in keyof Session]?: Session[Name] | undefined };
  readonly effects: readonly object[];
}
const dial = (inMs: number) => ({ type: 'Dial', inMs });

test.each<Case>([
  {
    name: 'dials at once when started',
    before: { state: 'connecting' },
    event: { type: 'Started' },
    after: { state: 'connecting' },
    effects: [dial(0)],
  },
  {
    name: 'waits for a person when there is a QR code',
    before: { state: 'connecting' },
    event: { type: 'QrReceived', qr: 'q' },
    after: { state: 'waiting_for_pairing', qr: 'q' },
    effects: [],
  },
  {
    name: 'keeps since when it waits as QR codes pass',
    before: { state: 'waiting_for_pairing', qr: 'q' },
    event: { type: 'QrReceived', qr: 'r' },
    after: { qr: 'r', sinceMs },
    effects: [],
  },
  {
    name: 'waits for a person when there is a pairing code',
    before: { state: 'connecting', failedDials: 3 },
    event: { type: 'PairingCodeReceived', code: 'ABCD1234' },
    after: { state: 'waiting_for_pairing', pairingCode: 'ABCD1234', failedDials: 0 },
    effects: [],
  },
  {
    name: 'keeps since when it waits as pairing codes pass, and shows the last one alone',
    before: { state: 'waiting_for_pairing', pairingCode: 'ABCD1234' },
    event: { type: 'PairingCodeReceived', code: 'EFGH5678' },
    after: { pairingCode: 'EFGH5678', sinceMs },
    effects: [],
  },
  {
    name: 'is authenticated and hides the pairing code once paired',
    before: { state: 'waiting_for_pairing', pairingCode: 'ABCD1234' },
    event: { type: 'Paired' },
    after: { state: 'authenticated', pairingCode: undefined },
    effects: [],
  },
  {
    name: 'hides a pairing code that is over, and asks for the next one as for a QR code',
    before: { state: 'waiting_for_pairing', pairingCode: 'ABCD1234' },
    event: closed(408, { saidByWhatsApp: false }),
    after: { state: 'connecting', pairingCode: undefined, reconnects: 0 },
    effects: [dial(1_000)],
  },
  {
    name: 'is authenticated and hides the QR code once paired',
    before: { state: 'waiting_for_pairing', qr: 'q' },
    event: { type: 'Paired' },
    after: { state: 'authenticated', qr: undefined },
    effects: [],
  },
  {
    name: 'dials at once after the 515 of a pairing, which is no loss',
    before: { state: 'authenticated' },
    event: closed(515),
    after: { state: 'authenticated', reconnects: 0 },
    effects: [dial(0)],
  },
  {
    name: 'waits with the dial after a second 515 in a row',
    before: { state: 'authenticated', restartAskedAtMs: sinceMs + 1 },
    event: closed(515),
    after: { state: 'reconnecting', reconnects: 1 },
    effects: [dial(1_000)],
  },
  {
    name: 'is ready when open, without an account too',
    before: { state: 'connecting', message: 'old' },
    event: { type: 'Opened' },
    after: { state: 'ready', account: undefined, message: undefined },
    effects: [],
  },
  {
    name: 'learns the account late',
    before: {},
    event: { type: 'AccountLearnt', account: { id: 'a' } },
    after: { state: 'ready', account: { id: 'a' }, sinceMs },
    effects: [],
  },
  {
    name: 'reconnects and counts a lost connection',
    before: {},
    event: closed(428),
    after: { state: 'reconnecting', reconnects: 1, failedDials: 1 },
    effects: [dial(1_000)],
  },
  {
    name: 'counts a loss once, however often it dials',
    before: { state: 'reconnecting', reconnects: 1, failedDials: 2 },
    event: closed(408),
    after: { state: 'reconnecting', reconnects: 1, failedDials: 3, sinceMs },
    effects: [dial(4_000)],
  },
  {
    name: 'goes on backing off when it is never ready for long',
    before: { sinceMs: sinceMs + 9_000, failedDials: 3 },
    event: closed(428),
    after: { failedDials: 4 },
    effects: [dial(8_000)],
  },
  {
    name: 'forgets old failures after a minute of being ready',
    before: { sinceMs: sinceMs - 60_000, failedDials: 3 },
    event: closed(428),
    after: { failedDials: 1 },
    effects: [dial(1_000)],
  },
  {
    name: 'counts nothing when QR codes run out unscanned',
    before: { state: 'waiting_for_pairing', qr: 'q' },
    event: closed(408, { saidByWhatsApp: false }),
    after: { state: 'connecting', reconnects: 0, qr: undefined },
    effects: [dial(1_000)],
  },
  {
    name: 'reconnects after a 401 within 30 s of a 515',
    before: { state: 'authenticated', restartAskedAtMs: sinceMs },
    event: closed(401),
    after: { state: 'reconnecting' },
    effects: [dial(1_000)],
  },
  {
    name: "reconnects after a proxy's 401",
    before: {},
    event: closed(401, { saidByWhatsApp: false }),
    after: { state: 'reconnecting' },
    effects: [dial(1_000)],
  },
  {
    name: "reconnects after a proxy's 403",
    before: { state: 'connecting' },
    event: closed(403, { saidByWhatsApp: false }),
    after: { state: 'connecting' },
    effects: [dial(1_000)],
  },
  {
    name: 'ends and erases after a confirmed logout',
    before: {},
    event: closed(401),
    after: { state: 'stopping' },
    effects: [
      { type: 'End', exitCode: 1, reason: 'logged_out', code: 401, message: 'code 401', eraseCredentials: true },
    ],
  },
  {
    name: 'ends and keeps credentials when replaced',
    before: {},
    event: closed(440),
    after: { state: 'stopping' },
    effects: [
      { type: 'End', exitCode: 1, reason: 'replaced', code: 440, message: 'code 440', eraseCredentials: false },
    ],
  },
  {
    name: 'ends and keeps credentials when banned',
    before: { state: 'connecting' },
    event: closed(403),
    after: { state: 'stopping' },
    effects: [{ type: 'End', exitCode: 1, reason: 'banned', code: 403, message: 'code 403', eraseCredentials: false }],
  },
  {
    name: 'ends when the engine cannot go on',
    before: {},
    event: { type: 'Failed', reason: 'auth_failure', message: 'm' },
    after: { state: 'stopping' },
    effects: [{ type: 'End', exitCode: 1, reason: 'auth_failure', message: 'm', eraseCredentials: false }],
  },
  {
    name: 'ends in order when asked to',
    before: {},
    event: { type: 'StopAsked', message: 'm' },
    after: { state: 'stopping', message: 'm' },
    effects: [{ type: 'End', exitCode: 0, message: 'm', eraseCredentials: false }],
  },
  {
    name: 'asks for the logout when the stop does',
    before: {},
    event: { type: 'StopAsked', message: 'm', logOut: true },
    after: { state: 'stopping' },
    effects: [{ type: 'End', exitCode: 0, message: 'm', eraseCredentials: false, logOut: true }],
  },
  {
    name: 'ends quietly when the operator says that the run is over',
    before: {},
    event: { type: 'RunOver', message: 'm' },
    after: { state: 'stopping' },
    effects: [{ type: 'End', exitCode: 0, message: 'm', eraseCredentials: false }],
  },
  {
    name: 'takes back that it was replaced when its run is over: it was by its successor',
    before: { state: 'stopping', endsAs: 'replaced' },
    event: { type: 'RunOver', message: 'm' },
    after: { state: 'stopping', endsAs: undefined },
    effects: [{ type: 'CorrectLastWords', code: 440, message: 'm' }],
  },
  {
    name: 'keeps that it was logged out when its run is over as well',
    before: { state: 'stopping', endsAs: 'logged_out' },
    event: { type: 'RunOver', message: 'm' },
    after: { state: 'stopping', endsAs: 'logged_out' },
    effects: [],
  },
  {
    name: 'stays down once it is stopping',
    before: { state: 'stopping' },
    event: closed(428),
    after: { state: 'stopping' },
    effects: [],
  },
  {
    name: 'is not asked to stop twice',
    before: { state: 'stopping' },
    event: { type: 'StopAsked', message: 'm' },
    after: { state: 'stopping' },
    effects: [],
  },
])('advance() $name', ({ before, event, after, effects }) => {
  const result = advance(aSession(before), event, sinceMs + 10_000);
  expect({
    qr: undefined,
    pairingCode: undefined,
    account: undefined,
    message: undefined,
    endsAs: undefined,
    ...result.session,
  }).toMatchObject(after);
  expect(result.effects).toEqual(effects);
});

test.each([408, 411, 419, 428, 500, 502, 503, 515, 599])(
  'advance() keeps credentials and dials again after a %i in every state',
  (code) => {
    for (const state of ['connecting', 'waiting_for_pairing', 'authenticated', 'ready', 'reconnecting'] as const) {
      const { effects } = advance(aSession({ state }), closed(code), sinceMs + 10_000);
      expect(effects).toEqual([{ type: 'Dial', inMs: expect.any(Number) }]);
    }
  },
);
