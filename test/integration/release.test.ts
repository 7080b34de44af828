import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mustRun, run } from '../cluster/command.ts';
import { projectVersion } from '../cluster/project-version.ts';
import { packageChart } from '../release/chart-package.ts';
import { writeChecksums } from '../release/checksums.ts';
import { openHelmChart } from './helm-chart.ts';

const commitSeconds = 1_790_000_000;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-release-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('the package of the chart is that of the version in package.json, can be installed, and has the same bytes each time', async () => {
  const version = await projectVersion();
  const first = await packageChart(join(dir, 'first'), commitSeconds);
  const second = await packageChart(join(dir, 'second'), commitSeconds);
  expect(basename(first)).toBe(`berth-${version}.tgz`);
  expect((await readFile(first)).equals(await readFile(second))).toBe(true);
  const chart = await openHelmChart();
  expect(await chart.render([], { chart: first })).toEqual(await chart.render());
  const images = JSON.stringify(await chart.render([], { chart: first }));
  for (const image of ['operator', 'session-baileys', 'session-whatsapp-web-js'])
    expect(images).toContain(`berth.dev/${image}:${version}`);
}, 600_000);

test('the checksums verify, and fail once a file is another', async () => {
  const file = await packageChart(dir, commitSeconds);
  expect(basename(await writeChecksums(dir, [file]))).toBe('SHA256SUMS');
  const check = ['--check', '--strict', 'SHA256SUMS'];
  expect(await mustRun('sha256sum', check, { cwd: dir })).toBe(`${basename(file)}: OK\n`);
  await mustRun('cp', ['/etc/hostname', file]);
  expect((await run('sha256sum', check, { cwd: dir })).status).toBe(1);
});
