import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOnPath } from '../cluster/command.ts';
import { freePorts } from '../cluster/ports.ts';
import { waitUntil } from '../cluster/wait-until.ts';

/** A program that serves HTTP on loopback, in a folder of its own. */
export interface ServedProgram {
  readonly baseUrl: string;
  /** The end of what it has logged. */
  readonly log: () => string;
  /** Ends it and removes its folder; twice is fine. */
  readonly stop: () => Promise<void>;
}

export interface ProgramToServe {
  readonly name: string;
  /** What starts it, without the arguments that `prepare` gives. */
  readonly program: readonly [string, ...string[]];
  /** Makes its files in the folder, and gives its arguments, which make it listen on the port of loopback. */
  readonly prepare: (dir: string, port: number) => Promise<readonly string[]>;
  /** Path that answers 200 once it serves. */
  readonly readyPath: string;
}

const readyWithinMs = 30_000;
/** What it takes to end in order; then it is killed. */
const graceMs = 5_000;

/**
 * Starts it and waits until it serves. It does not outlive this process, in whatever way that ends, where Linux can see to it.
 * @throws {Error} it ended at once; the message has its log
 * @throws {WaitTimeoutError} it serves nothing within 30 s
 */
export async function serveProgram({ name, program, prepare, readyPath }: ProgramToServe): Promise<ServedProgram> {
  const dir = await mkdtemp(join(tmpdir(), `berth-${name}-`));
  const { port } = await freePorts({ port: 0 });
  const words = await prepare(dir, port);
  const [command, ...before] = (await isOnPath('setpriv'))
    ? (['setpriv', '--pdeathsig', 'KILL', ...program] as const)
    : program;
  const child = spawn(command, [...before, ...words], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log = (log + chunk).slice(-20_000);
    });
  const exited = once(child, 'exit').catch((error: unknown) => {
    log += `\n${String(error)}`; // It could not be started.
  });
  const hasExited = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const served: ServedProgram = {
    baseUrl: `http://127.0.0.1:${port}`,
    log: () => log,
    stop: async () => {
      const killing = setTimeout(() => child.kill('SIGKILL'), graceMs);
      child.kill('SIGTERM');
      await exited;
      clearTimeout(killing);
      await rm(dir, { recursive: true, force: true });
    },
  };
  try {
    await waitUntil(`answer of ${name}`, readyWithinMs, async () => {
      if (hasExited()) throw new Error(`Cannot go on: ${name} ended; its log closes with: ${log.slice(-2_000)}`);
      const status = await fetch(`${served.baseUrl}${readyPath}`).then(
        (response) => response.status,
        (error: unknown) => String(error),
      );
      return status === 200 ? { value: undefined } : { seen: `${status}; ${log.slice(-2_000)}` };
    });
    return served;
  } catch (error) {
    await served.stop();
    throw error;
  }
}
