import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mustRun } from '../../cluster/command.ts';
import { projectDir } from '../../cluster/paths.ts';
import { columns, longComments, longProse } from './line-length.ts';

/** What git knows or would add, so that new files count as well. */
const files = (
  await mustRun('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: projectDir })
).split('\n');
const read = (file: string) => readFile(join(projectDir, file), 'utf8');
/** What `make generate` writes has whole sentences as they stand in a definition. */
const isProse = (file: string) => file.endsWith('.md') && !/^docs\/(errors|metrics|states)\.md$/.test(file);
const hasComments = (file: string) =>
  (file.endsWith('.ts') && !file.includes('/generated/')) || file === 'charts/berth/values.yaml';

test(`no line of prose is longer than ${columns} columns, but for tables, code and links`, async () => {
  const prose = files.filter(isProse);
  expect(prose).toContain('README.md');
  const offences = await Promise.all(prose.map(async (file) => longProse(file, await read(file))));
  expect(offences.flat()).toEqual([]);
});

test(`no comment is longer than ${columns} columns`, async () => {
  const sources = files.filter(hasComments);
  expect(sources).toContain('operator/main.ts');
  const offences = await Promise.all(sources.map(async (file) => longComments(file, await read(file))));
  expect(offences.flat()).toEqual([]);
});

test('the test finds long prose and long comments, and takes nothing else for them', () => {
  const long = 'word '.repeat(30).trim();
  expect(longProse('a.md', `short\n${long}`)).toEqual(['a.md:2 has 149 columns']);
  expect(longProse('a.md', `\`\`\`sh\n${long}\n\`\`\`\n| ${long} |\n# ${long}\n[short](${'x'.repeat(200)})`)).toEqual(
    [],
  );
  expect(longComments('a.ts', `code();\n  // ${long}\n * ${long}\n# ${long}`)).toHaveLength(3);
  expect(longComments('a.ts', `test('${long}')\n// https://${'x'.repeat(200)}`)).toEqual([]);
});
