import { LogoutUnconfirmedError } from '@berth/session-pod/engine/logout-unconfirmed-error.ts';
import { NotConnectedError } from '@berth/session-pod/engine/not-connected-error.ts';
import { createLog } from '@berth/session-pod/publish/log.ts';
import { logOutStep } from '@berth/session-pod/run/log-out-step.ts';
import { runSteps } from '@berth/session-pod/run/shutdown.ts';
import { expect, test } from 'vitest';

/** What became of an end that has `leftMs`, of which 3 s are for the steps after the logout. */
async function anEnd({ isWanted = true, leftMs = 5_000, logout = async (_withinMs: number) => {} }) {
  const lines: { readonly level: string; readonly msg: string }[] = [];
  const asked: number[] = [];
  let isConfirmed = false;
  const log = createLog('info', {}, { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]) });
  const step = logOutStep({
    withinMs: 5_000,
    leavesMs: 3_000,
    isWanted: () => isWanted,
    logout(withinMs) {
      asked.push(withinMs);
      return logout(withinMs);
    },
    onConfirmed() {
      isConfirmed = true;
    },
    log,
  });
  const { failed } = await runSteps(
    [step],
    () => leftMs,
    () => 0,
    log,
  );
  return { asked, isConfirmed, failed, lines: lines.map(({ level, msg }) => `${level}: ${msg}`) };
}

test('logOutStep() tells of a logout that WhatsApp confirmed', async () => {
  expect(await anEnd({})).toEqual({
    asked: [2_000],
    isConfirmed: true,
    failed: [],
    lines: ['info: WhatsApp confirmed the logout'],
  });
});

test('logOutStep() asks for nothing that nobody wants', async () => {
  expect(await anEnd({ isWanted: false })).toEqual({ asked: [], isConfirmed: false, failed: [], lines: [] });
});

test.each([3_499, 3_000, 100])(
  'logOutStep() begins no logout that has no time for an answer (%i ms left)',
  async (leftMs) => {
    expect(await anEnd({ leftMs })).toEqual({
      asked: [],
      isConfirmed: false,
      failed: [],
      lines: ['info: Not logged out, for want of time'],
    });
  },
);

test('logOutStep() takes it for no failure that there is no connection', async () => {
  const logout = () => Promise.reject(new NotConnectedError('log out'));
  expect(await anEnd({ logout })).toEqual({
    asked: [2_000],
    isConfirmed: false,
    failed: [],
    lines: ['info: Not logged out, for want of a connection'],
  });
});

test('logOutStep() fails, and confirms nothing, when WhatsApp does not answer', async () => {
  const logout = () => Promise.reject(new LogoutUnconfirmedError('no answer'));
  expect(await anEnd({ logout })).toMatchObject({
    isConfirmed: false,
    failed: ['log out'],
    lines: ['error: Step of the shutdown failed'],
  });
});
