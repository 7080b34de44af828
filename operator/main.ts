import { readFile } from 'node:fs/promises';
import { checkInstall, checkTokenFile } from './check-install.ts';
import { type OperatorConfig, readConfig } from './config.ts';
import { drain } from './drain.ts';
import { createKubernetesClient } from './kubernetes/create-client.ts';
import { startOperator } from './operator.ts';
import { createLog } from './publish/log.ts';

/** How long a stop may take before the process ends whatever hangs, in milliseconds: longer than the operator's own bounds. */
const stopTimeoutMs = 8_000;

const log = createLog(process.env['LOG_LEVEL'] ?? 'info');

/** A failure that nothing above it has handled: the next replica, or the restarted process, is better than a half-dead one. */
function fail(message: string, error: unknown): never {
  log.error(message, { error });
  process.exit(1);
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const [command] = process.argv.slice(2);
  if (command === 'drain') {
    const client = createKubernetesClient({ userAgent: 'berth-drain' });
    await drain({ client, namespace: config.namespace, leaseName: config.leaseName, log });
    await client.close();
    return;
  }
  if (command === 'check') return check(config);
  if (command !== undefined) fail('Unknown command; it is nothing, drain or check', { command });
  const operator = await startOperator(config, log);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info('Stopping', { signal });
    setTimeout(() => fail('Stop ran out of time', {}), stopTimeoutMs).unref();
    operator.stop().then(
      () => process.exit(0),
      (error: unknown) => fail('Stop failed', error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** What `helm test` runs, in a pod with the operator's account. */
async function check({ namespace, leaseName, identity, plan: { operatorUrl } }: OperatorConfig): Promise<void> {
  const client = createKubernetesClient({ userAgent: 'berth-check' });
  const readToken = () => readFile(checkTokenFile, 'utf8');
  const healthUrl = `http://${new URL(operatorUrl).hostname}:8080`; // The Service's port.
  await checkInstall({ client, namespace, leaseName, podName: identity, operatorUrl, healthUrl, readToken, log });
  await client.close();
}

process.on('unhandledRejection', (error) => fail('Unhandled rejection', error));
process.on('uncaughtException', (error) => fail('Uncaught exception', error));
main().catch((error: unknown) =>
  fail(process.argv[2] === undefined ? 'Operator does not start' : 'Command failed', error),
);
