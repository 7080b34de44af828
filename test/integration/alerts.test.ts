import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { run } from '../cluster/command.ts';
import { ensurePromtool } from '../cluster/promtool.ts';
import { chartDir } from './helm-chart.ts';

const rulesFile = join(chartDir, 'files', 'rules.yaml');
const testsDir = join(import.meta.dirname, 'alerts');

let program: string;
beforeAll(async () => {
  program = await ensurePromtool();
}, 600_000);

/** What promtool has against it; nothing when all is well. */
async function promtool(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(program, words);
  return status === 0 ? '' : `${stdout}${stderr}`;
}

test('promtool takes the rules that the chart ships', async () => {
  expect(await promtool('check', 'rules', '--lint=all', '--lint-fatal', rulesFile)).toBe('');
});

test.each(await readdir(testsDir))('promtool finds that the rules do what %s says', async (file) => {
  expect(await promtool('test', 'rules', join(testsDir, file))).toBe('');
});
