import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { down } from './cluster/down.ts';
import { ensureImages } from './cluster/images.ts';
import { projectDir } from './cluster/paths.ts';
import { inWords, say } from './cluster/progress.ts';
import { isUp, up } from './cluster/up.ts';
import { addReports, type Count, readReport } from './test-count.ts';

const parts = ['check', 'unit', 'integration', 'e2e'] as const;
type Part = (typeof parts)[number];

const checks: readonly (readonly string[])[] = [
  ['tsc', '--noEmit'],
  ['oxlint', '--type-aware', '--deny-warnings'],
  ['biome', 'check', '.'],
  ['vitest', 'run', '--project', 'unit', 'test/unit/generate'],
];

const stopping = new AbortController();

/** Runs the parts one after the other, whatever fails, and says at the end how many tests passed and failed. */
async function runParts(wanted: readonly Part[]): Promise<Count> {
  const counts: Count[] = [];
  for (const part of wanted) {
    if (stopping.signal.aborted) break;
    const startedAtMs = Date.now();
    say(`\n=== ${part} ===`);
    counts.push(await runPart(part));
    say(`=== ${part} took ${inWords(Date.now() - startedAtMs)} ===`);
  }
  return addReports(counts);
}

async function runPart(part: Part): Promise<Count> {
  if (part === 'check') return addReports(await inOrder(checks.map((words) => () => runCheck(words))));
  if (part === 'e2e') {
    await up();
    await ensureImages();
  }
  return runProjects(part === 'e2e' ? 'e2e*' : part);
}

async function inOrder<T>(works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const work of works) results.push(await work());
  return results;
}

async function runCheck(words: readonly string[]): Promise<Count> {
  say(`- ${words.join(' ')}`);
  const status = await start(words);
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** @param projects a name of vitest's configuration, or a pattern of names */
async function runProjects(projects: string): Promise<Count> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-report-'));
  const report = join(dir, 'report.json');
  try {
    const words = [
      'vitest',
      'run',
      '--project',
      projects,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
    ];
    const status = await start([...words, `--outputFile.json=${report}`]);
    return readReport(await readFile(report, 'utf8').catch(() => '{}'), status);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Starts a program of the project's packages and gives its exit status; a signal counts as a failure. */
function start([program = '', ...words]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(projectDir, 'node_modules', '.bin', program), words, {
      cwd: projectDir,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    stopping.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());
  const wanted = parts.filter((part) => process.argv.slice(2).includes(part));
  const wasUp = await isUp();
  let count: Count = { passed: 0, failed: 1 };
  try {
    count = await runParts(wanted);
  } catch (error) {
    console.error(error);
  } finally {
    // What somebody has started with `make up` is theirs to end, but for CI, where nobody is left who could.
    if (!wasUp || process.env['CI'] === 'true') await down();
  }
  process.exitCode = count.failed === 0 && !stopping.signal.aborted ? 0 : 1;
  console.log(`${count.passed} passed, ${count.failed} failed`);
}
