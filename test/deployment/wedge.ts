import { CommandError } from '../cluster/command.ts';
import type { Phone } from '../whatsapp/phone-client.ts';
import { kubectl, tryKubectl } from './kubectl.ts';

/**
 * Blocks the event loop of a session's process for ever, as a bug in an engine would: no probe, no stop and no SIGTERM
 * is answered from then on. Nothing in the image helps with it: Node opens its inspector on SIGUSR1, and through it the
 * process is told to loop.
 * @throws {CommandError} the process still answers
 */
export const wedge = (namespace: string, pod: string): Promise<void> => inContainer(namespace, pod, block);

/**
 * Blocks the main thread of the page in a session's browser for ever, as a bug in the site would: the page answers nothing from then
 * on, while the browser and the session's process go on as before. The stand-in for the site tells it so over its connection.
 */
export const wedgePage = (phone: Phone, number: string): Promise<void> => phone.fault('wedge', number);

/** Lets a session's process do everything that a stop asks of it, but not its last step: it loops instead of exiting. */
export const wedgeAtExit = (namespace: string, pod: string): Promise<void> => inContainer(namespace, pod, blockOnExit);

async function inContainer(namespace: string, pod: string, script: string): Promise<void> {
  await kubectl(['--namespace', namespace, 'exec', pod, '--', 'node', '--eval', script], { timeoutMs: 30_000 });
}

/** Stops a session's process where it stands; unlike a wedged one it does not even use the processor. */
export async function freeze(namespace: string, pod: string): Promise<void> {
  await signal(namespace, pod, 'SIGSTOP');
}

/** Exit status of what SIGKILL has ended. */
const killedStatus = 137;

/** Sends a signal to the node process of a session, not to the PID 1 that watches over it. */
export async function signal(namespace: string, pod: string, sent: NodeJS.Signals): Promise<void> {
  const script = `${findProcess}\nprocess.kill(sessionPid(), '${sent}');`;
  const words = ['--namespace', namespace, 'exec', pod, '--', 'node', '--eval', script];
  const { status, stderr } = await tryKubectl(words, { timeoutMs: 30_000 });
  // With the session's process the container ends, and may take what sent the signal along before that has told so.
  if (status !== 0 && !(sent === 'SIGKILL' && status === killedStatus))
    throw new CommandError(`${sent} in "${pod}"`, stderr);
}

const findProcess = `
const { readdirSync, readFileSync } = require('node:fs');
function sessionPid() {
  for (const pid of readdirSync('/proc').filter((name) => /^\\d+$/.test(name))) {
    let words = [];
    try { words = readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0'); } catch { continue; }
    if (words[0].endsWith('node') && words.some((word) => word.endsWith('/session-pod/main.ts'))) return Number(pid);
  }
  throw new Error('Cannot find the process of the session: nothing runs session-pod/main.ts');
}`;

const evaluateInSession = `${findProcess}
const http = require('node:http');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function inspectorUrl() {
  for (let tries = 0; ; tries++) {
    try {
      const [target] = await (await fetch('http://127.0.0.1:9229/json/list')).json();
      return target.webSocketDebuggerUrl;
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(50);
    }
  }
}
async function evaluate(expression) {
  process.kill(sessionPid(), 'SIGUSR1');
  const socket = new WebSocket(await inspectorUrl());
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }));
  await new Promise((resolve) => { socket.onmessage = resolve; });
}
function answers() {
  return new Promise((resolve) => {
    const request = http.get({ socketPath: '/tmp/berth.sock', path: '/healthz', timeout: 1000 }, () => resolve(true));
    request.on('timeout', () => { resolve(false); request.destroy(); });
    request.on('error', () => resolve(false));
  });
}
function run(work) {
  setTimeout(() => { console.error('No end within 15 s'); process.exit(1); }, 15_000).unref();
  work().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
}`;

const block = `${evaluateInSession}
run(async () => {
  if (!(await answers())) throw new Error('Cannot wedge the session: it does not answer to begin with');
  // After the answer to it, so that the answer proves that it was understood.
  await evaluate('setTimeout(() => { for (;;); }, 20); "heard"');
  await sleep(100);
  if (await answers()) throw new Error('Cannot wedge the session: it still answers');
});`;

const blockOnExit = `${evaluateInSession}
run(() => evaluate('process.exit = () => { for (;;); }; "heard"'));`;
