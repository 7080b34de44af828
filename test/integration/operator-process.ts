import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../cluster/ports.ts';
import { waitUntil } from '../cluster/wait-until.ts';

/** An operator in a process of its own, as in its pod. */
export interface OperatorProcess {
  readonly child: ChildProcess;
  /** What it logged so far, one JSON object a line. */
  readonly log: () => string;
  readonly healthUrl: string;
  /** Where pods report to; the name is in its certificate. */
  readonly apiUrl: string;
  /** Of the HTTP API for people and software; the name is in its certificate. */
  readonly gatewayUrl: string;
  /** Settles when the process is gone. */
  readonly exited: Promise<unknown>;
  /** Ends it like a lost node. */
  kill(): Promise<void>;
  /** Ends it like a rolling update, and gives its exit code. */
  terminate(): Promise<number | null>;
}

const main = new URL('../../operator/main.ts', import.meta.url).pathname;
const skewedClock = new URL('skewed-clock.ts', import.meta.url).href;

/** The images of sessions in an operator's configuration, all of this tag. */
export const sessionImages = (tag: string) => ({
  Baileys: `berth.dev/session-baileys:${tag}`,
  WhatsAppWebJS: `berth.dev/session-whatsapp-web-js:${tag}`,
});

/**
 * Starts an operator against an API server and waits until it serves.
 * @param kubeconfig path; the proxy's, where requests are to be seen or broken
 */
export async function startOperatorProcess(options: {
  readonly kubeconfig: string;
  readonly identity?: string;
  readonly namespace?: string;
  /** Beside what every test needs. */
  readonly config?: Record<string, unknown>;
  /** Whether to wait until its caches are filled. */
  readonly waitUntilReady?: boolean;
  /** How much its wall clock is fast, in milliseconds; 0 unless told. */
  readonly clockSkewMs?: number;
}): Promise<OperatorProcess> {
  const {
    kubeconfig,
    identity = 'operator-1',
    namespace = 'default',
    waitUntilReady = true,
    clockSkewMs = 0,
  } = options;
  const ports = await freePorts({ api: 0, health: 0, gateway: 0 });
  const dir = await mkdtemp(join(tmpdir(), 'berth-operator-'));
  const configFile = join(dir, 'config.json');
  const config = {
    namespace,
    serviceName: 'berth-operator',
    apiPort: ports.api,
    healthPort: ports.health,
    gatewayPort: ports.gateway,
    session: { images: sessionImages('dev') },
    outbound: { allow: ['127.0.0.0/8'] },
    unconfirmedWaitSeconds: 1,
    ...options.config,
  };
  await writeFile(configFile, JSON.stringify(config));
  const child = spawn(process.execPath, clockSkewMs === 0 ? [main] : ['--import', skewedClock, main], {
    env: {
      ...process.env,
      KUBECONFIG: kubeconfig,
      BERTH_CONFIG: configFile,
      POD_NAME: identity,
      LOG_LEVEL: 'debug',
      TEST_CLOCK_SKEW_MS: String(clockSkewMs),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  const exited = once(child, 'exit').then(() => rm(dir, { recursive: true, force: true }));
  const healthUrl = `http://127.0.0.1:${ports.health}`;
  const operator: OperatorProcess = {
    child,
    log: () => log,
    healthUrl,
    apiUrl: `https://localhost:${ports.api}`,
    gatewayUrl: `https://localhost:${ports.gateway}`,
    exited,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async terminate() {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
  };
  if (!waitUntilReady) return operator;
  try {
    await waitUntil(`ready operator "${identity}"`, 60_000, async () => {
      if (child.exitCode !== null) throw new Error(`The operator exited with ${child.exitCode}:\n${log}`);
      const answer = await fetch(`${healthUrl}/readyz`).catch(() => undefined);
      return answer?.ok ? { value: true } : { seen: log.slice(-2_000) };
    });
  } catch (error) {
    await operator.kill();
    throw error;
  }
  return operator;
}
