import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { userAgentOf } from './web-browser-command.ts';

const answersWithinMs = 15_000;

/**
 * Asks a browser for its version, and makes of it what it is to call itself. A program that cannot be run at all is
 * found out here, where it still says why.
 * @throws {Error} it cannot be run, or is no Chromium
 */
export async function browserUserAgent(
  executable: string,
  environment: Record<string, string | undefined>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(executable, ['--version'], {
    env: environment,
    timeout: answersWithinMs,
    killSignal: 'SIGKILL',
  });
  const userAgent = userAgentOf(stdout);
  if (userAgent === undefined)
    throw new Error(`"${executable}" is no Chromium: it calls itself "${stdout.slice(0, 60).trim()}"`);
  return userAgent;
}
