import { kubectl, tryKubectl } from '../../deployment/kubectl.ts';

/** The first process of a browser is the one that started the others. */
export type Part = 'every process' | 'the first process';

/**
 * Sends a signal to the processes of the browser in a session's container, from inside of it.
 * @throws {CommandError} there is no such process
 */
export async function signalBrowser(namespace: string, pod: string, part: Part, signal: NodeJS.Signals): Promise<void> {
  const script = `const { readdirSync, readFileSync } = require('node:fs');
const browser = process.env.BERTH_BROWSER_EXECUTABLE;
const found = readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).filter((pid) => {
  let command = '';
  try { command = readFileSync('/proc/' + pid + '/cmdline', 'utf8'); } catch { return false; }
  return command.startsWith(browser) && (${part === 'every process'} || !command.includes('--type='));
});
if (found.length === 0) throw new Error('Cannot find the browser: nothing runs ' + browser);
for (const pid of found) process.kill(Number(pid), '${signal}');`;
  await kubectl(['--namespace', namespace, 'exec', pod, '--', 'node', '--eval', script], { timeoutMs: 30_000 });
}

/**
 * Kills everything in a session's container with one call of the kernel: the driver, the browser, and all that they have
 * started. PID 1, which nobody inside can kill, ends when the one that it watches is gone.
 */
export async function killAllProcesses(namespace: string, pod: string): Promise<void> {
  // The shell may be killed by the end of PID 1 before it has ended itself.
  const killed = await tryKubectl(['--namespace', namespace, 'exec', pod, '--', 'sh', '-c', 'kill -9 -1'], {
    timeoutMs: 30_000,
  });
  if (killed.status !== 0 && killed.status !== 137)
    throw new Error(`Cannot kill the processes of pod "${pod}": ${killed.stderr}`);
}
