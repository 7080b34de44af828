import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { chartReadme, chartReadmeText, chartValues } from '../../generate/chart-readme.ts';

const values = readFileSync(chartReadme.values, 'utf8');

test("the chart's README is as `make generate` writes it", () => {
  expect(readFileSync(chartReadme.file, 'utf8')).toBe(chartReadmeText(values));
});

test('every value of the chart has a comment', () => {
  expect(uncommented(values)).toEqual([]);
  expect(chartValues(values).length).toBeGreaterThan(50);
});

test.each([
  { name: 'at the top', text: 'a: 1\n# Two.\nb: 2\n', missing: ['a'] },
  { name: 'that comes first in its group', text: 'a:\n  b: 1\n  # Two.\n  c: 2\n', missing: ['a.b'] },
  { name: 'beside a group', text: 'a:\n  # One.\n  b: 1\nc: {}\n', missing: ['c'] },
  { name: 'deep in a group', text: '# A.\na:\n  # One.\n  b: 1\n  c:\n    d: 1\n', missing: ['a.c'] },
  { name: 'with a comment behind it only', text: '# A.\na: 1\nb: 2 # Two.\n', missing: ['b'] },
])('a value without a comment is found $name', ({ text, missing }) => {
  expect(uncommented(text)).toEqual(missing);
});

test('chartValues() tells a map of uncommented fields as one value, by the comment above it', () => {
  expect(chartValues('# Of all.\na: {b: 1}\n\n# The\n# second.\nc:\n  d: [1]\n')).toEqual([
    { path: 'a', byDefault: '{"b":1}', comment: 'Of all.' },
    { path: 'c', byDefault: '{"d":[1]}', comment: 'The second.' },
  ]);
});

test('chartValues() gives the first field of a group its own comment, not that of the group', () => {
  expect(chartValues('# The group.\na:\n  # The first.\n  b: 1\n  # The second.\n  c: 2\n')).toEqual([
    { path: 'a.b', byDefault: '1', comment: 'The first.' },
    { path: 'a.c', byDefault: '2', comment: 'The second.' },
  ]);
});

const uncommented = (text: string) =>
  chartValues(text)
    .filter(({ comment }) => comment === '')
    .map(({ path }) => path);
