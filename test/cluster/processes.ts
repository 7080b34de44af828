import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError } from '@berth/protocol';

/** A process by what tells it from a later one that got the same id. */
interface ProcessIdentity {
  readonly pid: number;
  /** When it began, as the kernel tells it; only compared. */
  readonly startTime: string;
}

/** A process ended although it should serve on. */
export class ProcessEndedError extends BerthError {
  readonly code = 'PROCESS_ENDED';
  readonly retryable = false;
  constructor(name: string, logFile: string, lastLines: string) {
    super(`Cannot keep "${name}" running: it ended; read "${logFile}", which closes with: ${lastLines}`);
  }
}

/** What one folder's processes can be asked: each has a file in `pid/` and a log in `log/`. */
export interface Processes {
  /** Starts it in a session of its own unless it runs already. */
  start(name: string, command: string, commandArguments: readonly string[]): Promise<void>;
  isRunning(name: string): Promise<boolean>;
  /** @throws {ProcessEndedError} it does not run; the message has the end of its log. */
  mustRun(name: string): Promise<void>;
  /**
   * Sends it a signal.
   * @throws {ProcessEndedError} it does not run
   */
  signal(name: string, signal: NodeJS.Signals): Promise<void>;
  /** The names of all that were started and not stopped, whether they still run or not. */
  names(): Promise<string[]>;
  /** Asks all of them to end, in this order at the same moment, and kills what is left after `graceMs`. */
  stop(names: readonly string[], graceMs: number): Promise<void>;
}

/** The processes of one folder. A second instance, in another process, knows them just as well. */
export function processesIn(dir: string): Processes {
  const pidFile = (name: string) => join(dir, 'pid', name);
  const logFile = (name: string) => join(dir, 'log', `${name}.log`);

  async function find(name: string): Promise<ProcessIdentity | undefined> {
    const text = await readFile(pidFile(name), 'utf8').catch(() => undefined);
    if (text === undefined || text === '') return undefined;
    const identity = JSON.parse(text) as ProcessIdentity;
    return startTimeOf(identity.pid) === identity.startTime ? identity : undefined;
  }
  async function isRunning(name: string): Promise<boolean> {
    return (await find(name)) !== undefined;
  }
  return {
    isRunning,
    async start(name, command, commandArguments) {
      if (await isRunning(name)) return;
      await Promise.all(['pid', 'log'].map((folder) => mkdir(join(dir, folder), { recursive: true })));
      const log = openSync(logFile(name), 'a');
      const child = spawn(command, commandArguments, { cwd: dir, detached: true, stdio: ['ignore', log, log] });
      closeSync(log);
      const pid = await new Promise<number>((resolve, reject) => {
        child.once('error', reject);
        child.once('spawn', () => resolve(child.pid as number));
      });
      child.unref();
      await writeFile(pidFile(name), JSON.stringify({ pid, startTime: startTimeOf(pid) ?? 'gone' }));
    },
    async mustRun(name) {
      if (await isRunning(name)) return;
      const log = await readFile(logFile(name), 'utf8').catch(() => '');
      throw new ProcessEndedError(name, logFile(name), log.trimEnd().split('\n').slice(-5).join('\n'));
    },
    async signal(name, wanted) {
      await this.mustRun(name);
      await signal(await find(name), wanted);
    },
    names: () => readdir(join(dir, 'pid')).catch(() => []),
    async stop(names, graceMs) {
      const deadlineMs = Date.now() + graceMs;
      let left = names;
      for (const name of left) await signal(await find(name), 'SIGTERM');
      while (left.length > 0) {
        const running = [];
        for (const name of left)
          if (await isRunning(name)) running.push(name);
          else await rm(pidFile(name), { force: true });
        left = running;
        if (Date.now() > deadlineMs) for (const name of left) await signal(await find(name), 'SIGKILL');
        if (left.length > 0) await sleep(50);
      }
    },
  };
}

async function signal(identity: ProcessIdentity | undefined, name: NodeJS.Signals): Promise<void> {
  if (identity === undefined) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // Gone since we looked.
  }
}

/** When a process began, in the kernel's words; undefined when there is none, or only a zombie of it. */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
    return startTimeInStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined; // No such process.
  }
}

/**
 * The start time in the text of `/proc/<pid>/stat`, in clock ticks since boot; undefined for a zombie.
 * @see proc_pid_stat(5): field 22, counted behind the name, which may itself hold spaces and brackets.
 */
export function startTimeInStat(stat: string): string | undefined {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : fields[18];
}
