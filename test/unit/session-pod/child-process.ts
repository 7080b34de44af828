import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** A child of the test that prints lines; killed with the test. */
export interface Child {
  readonly process: ChildProcess;
  /** What it has printed so far, standard error too. */
  readonly lines: readonly string[];
  /** Resolves with the first line, printed already or not, that `isWanted`; fails after `withinMs` with what was printed. */
  line(isWanted: (line: string) => boolean, withinMs?: number): Promise<string>;
  /** Resolves with the exit code, or the signal that ended it. */
  exited(withinMs?: number): Promise<number | NodeJS.Signals>;
}

/** Starts a TypeScript file in a process of its own. */
export function startChild(file: string, args: readonly string[], environment: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let watchers: ((line: string) => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const watcher of watchers) watcher(line);
    });
  }
  const exit = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  onTestFinished(() => void child.kill('SIGKILL'));

  function within<T>(work: Promise<T>, withinMs: number, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${what} not within ${withinMs} ms; printed:\n${lines.join('\n')}`)),
        withinMs,
      );
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  return {
    process: child,
    lines,
    line(isWanted, withinMs = 10_000) {
      const seen = lines.find(isWanted);
      if (seen !== undefined) return Promise.resolve(seen);
      const next = new Promise<string>((resolve) => {
        const watcher = (line: string) => {
          if (!isWanted(line)) return;
          watchers = watchers.filter((each) => each !== watcher);
          resolve(line);
        };
        watchers.push(watcher);
      });
      return within(next, withinMs, 'the wanted line came');
    },
    exited: (withinMs = 10_000) => within(exit, withinMs, 'the process ended'),
  };
}
