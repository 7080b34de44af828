import { lastWordsText } from '@berth/session-pod/run/last-words.ts';
import { expect, test } from 'vitest';

test('lastWordsText() is the words as JSON', () => {
  const words = { reason: 'banned', code: 403, message: 'Connection Failure' } as const;
  expect(JSON.parse(lastWordsText(words))).toEqual(words);
});

test.each(['a', '"', '\u0000', 'ü', '漢', '😀'])(
  'lastWordsText() cuts a message of many %j to 4096 bytes',
  (character) => {
    const text = lastWordsText({ reason: 'banned', code: 403, message: character.repeat(9_000) });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
    expect(Buffer.byteLength(text)).toBeGreaterThan(3_500);
    expect(JSON.parse(text)).toMatchObject({ reason: 'banned', code: 403 });
  },
);
