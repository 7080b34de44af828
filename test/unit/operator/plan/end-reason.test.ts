import { endInTerminatingNamespace, endReason, parseLastWords } from '@berth/operator/plan/end-reason.ts';
import type { ObservedPod, ObservedSession } from '@berth/operator/plan/observed.ts';
import { describe, expect, test } from 'vitest';
import { aPod, aRunningSession, at, containers } from '../../../builders/observed.ts';

const said = (words: object) => ({ ...containers.terminated, message: JSON.stringify(words) });
const killed = { reason: 'force_killed', since: at(-1) } as const;
const deleted = { deletionRequested: true } as const;

describe('endReason() in order of precedence', () => {
  test.each<[string, Partial<ObservedPod>, ObservedSession | undefined, string]>([
    [
      'the last words outrank what was decided',
      { container: said({ reason: 'logged_out', message: 'x' }) },
      aRunningSession({}, killed),
      'logged_out',
    ],
    [
      'what was written down outranks a deletion',
      { disrupted: true },
      aRunningSession(deleted, killed),
      'force_killed',
    ],
    ['the deletion of the session outranks an eviction', { disrupted: true }, aRunningSession(deleted), 'deleted'],
    ['a session that is gone counts as deleted', {}, undefined, 'deleted'],
    ['a session recreated under the name counts as deleted', {}, aRunningSession({ uid: 'session-2' }), 'deleted'],
    ['an eviction outranks its deletion', { disrupted: true, deletionRequested: true }, aRunningSession(), 'evicted'],
    ['a deletion by somebody else', { deletionRequested: true }, aRunningSession(), 'pod_deleted'],
    [
      'the memory limit',
      { container: { ...containers.terminated, reason: 'OOMKilled', exitCode: 1 } },
      aRunningSession(),
      'out_of_memory',
    ],
    ['anything else is a crash', { container: containers.terminated }, aRunningSession(), 'crashed'],
    [
      'words without a reason leave it a crash',
      { container: said({ message: 'uncaught exception' }) },
      aRunningSession(),
      'crashed',
    ],
  ])('%s', (_name, pod, session, expected) => {
    const dead = { container: containers.terminated, ...pod };
    expect(endReason(aPod(dead), session).reason).toBe(expected);
  });

  test('what was decided for another run does not count', () => {
    const session = aRunningSession({}, killed);
    expect(endReason(aPod({ uid: 'run-2', container: containers.terminated }), session).reason).toBe('crashed');
  });
});

describe('parseLastWords()', () => {
  test.each([
    ['', undefined],
    ['panic: something', undefined],
    ['"text"', undefined],
    ['{"reason":"crashed","message":"not the pod\'s to say"}', { message: "not the pod's to say" }],
    ['{"reason":"banned","code":403,"message":"refused"}', { reason: 'banned', code: 403, message: 'refused' }],
  ])('of %j', (text, expected) => {
    expect(parseLastWords(text)).toEqual(expected);
  });
});

test.each([
  { reason: 'pod_deleted', expected: 'deleted' },
  { reason: 'evicted', expected: 'deleted' },
  { reason: 'crashed', expected: 'deleted' },
  { reason: 'force_killed', expected: 'force_killed' },
  { reason: 'logged_out', expected: 'logged_out' },
] as const)('endInTerminatingNamespace() makes of $reason $expected', ({ reason, expected }) => {
  expect(endInTerminatingNamespace({ reason, message: 'as planned' }).reason).toBe(expected);
});
