import { masked } from '@berth/session-pod/publish/masked-text.ts';
import { expect, test } from 'vitest';

test.each([
  ['no session for 5511999990001@s.whatsapp.net', 'no session for #@s.whatsapp.net'],
  ['5511999990001:12@lid and 5511999990001-1612345678@g.us', '#:12@lid and #-#@g.us'],
  ['Bad MAC for 5511999990001_1.0', 'Bad MAC for #_1.0'],
  ['stream errored with 503 on port 8443', 'stream errored with 503 on port 8443'],
  [
    'the run "01234567-89ab-4def-8123-456789012345" holds it',
    'the run "01234567-89ab-4def-8123-456789012345" holds it',
  ],
])('masked() makes of %j %j', (words, told) => {
  expect(masked(words)).toBe(told);
});
