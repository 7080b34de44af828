import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorsOf, referenceDocuments } from '../../generate/reference-docs.ts';

test.each(referenceDocuments)('$file is as `make generate` writes it', async ({ file, text }) => {
  expect(readFileSync(file, 'utf8')).toBe(await text());
});

test('every error says what is so', async () => {
  const rows = (await referenceDocuments[0].text()).split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(row).not.toContain('|  |');
});

test.each(['BODY_TOO_LARGE', 'BODY_MALFORMED', 'LOCAL_REQUEST_FAILED'])('the errors include %s', async (code) => {
  expect(await referenceDocuments[0].text()).toContain(`\n| \`${code}\` |`);
});

test.each([
  { name: 'has no code', source: 'class OddError extends BerthError {\n  readonly retryable = true;\n}' },
  { name: 'computes its code', source: 'class OddError extends BerthError {\n  readonly code = codeOf(this);\n}' },
  { name: 'has no name', source: "const odd = class extends BerthError {\n  readonly code = 'ODD';\n};" },
])('an error class that $name is refused', ({ source }) => {
  expect(() => errorsOf('odd.ts', source)).toThrow(/Cannot document .*odd\.ts/);
});
