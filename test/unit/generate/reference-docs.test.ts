import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { referenceDocuments } from '../../generate/reference-docs.ts';

test.each(referenceDocuments)('$file is as `make generate` writes it', async ({ file, text }) => {
  expect(readFileSync(file, 'utf8')).toBe(await text());
});

test('every error says what is so', async () => {
  const rows = (await referenceDocuments[0].text()).split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(row).not.toContain('|  |');
});
