import { spawn } from 'node:child_process';
import { BerthError } from '@berth/protocol';

/** How one run of a command differs from the plain case. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string;
  /** Milliseconds after which it is killed; 60_000 unless told. */
  readonly timeoutMs?: number;
}

/** What a command left behind. `status` is null when a signal ended it. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command did not exit with 0. */
export class CommandError extends BerthError {
  readonly code = 'COMMAND_FAILED';
  readonly retryable = false;
  constructor(command: string, said: string, options?: ErrorOptions) {
    super(`Cannot run "${command}": ${said.trim().slice(-4000)}; mend what it complains about`, options);
  }
}

const maxOutput = 16 * 1024 * 1024;

/**
 * Runs a command to its end and gives what it printed, whatever its exit status.
 * @throws {CommandError} it could not be started, or ran out of time.
 */
export function run(
  command: string,
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { timeoutMs = 60_000, input, cwd, env } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (chunk: string) => {
        output[stream] = (output[stream] + chunk).slice(-maxOutput);
      });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(new CommandError(command, cause.message, { cause }));
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      const line = [command, ...commandArguments].join(' ').slice(0, 300);
      if (timedOut) reject(new CommandError(line, `no end after ${timeoutMs} ms: ${output.stderr}`));
      else resolve({ status, ...output });
    });
    child.stdin.on('error', () => undefined); // It may exit before it has read everything; its status tells.
    child.stdin.end(input ?? '');
  });
}

/**
 * Runs a command that has to succeed, and gives its standard output.
 * @throws {CommandError} it exited with anything but 0, could not be started, or ran out of time.
 */
export async function mustRun(
  command: string,
  commandArguments: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const { status, stdout, stderr } = await run(command, commandArguments, options);
  if (status !== 0)
    throw new CommandError(
      [command, ...commandArguments].join(' ').slice(0, 300),
      stderr || stdout || `exit ${status}`,
    );
  return stdout;
}

/** Whether a program of this name is on the PATH. */
export async function isOnPath(program: string): Promise<boolean> {
  return (await run('/bin/sh', ['-c', 'command -v "$1"', 'sh', program])).status === 0;
}
