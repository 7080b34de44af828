import { join } from 'node:path';
import { CommandError, type CommandResult } from '../cluster/command.ts';
import { projectDir } from '../cluster/paths.ts';
import { trustingOnly } from '../whatsapp/trust-media.ts';
import { helm, kubectl } from './kubectl.ts';
import { ensureRestrictedNamespace } from './restricted-namespace.ts';
import { type Deployed, waitForRollout } from './rollout.ts';
import type { StandInAddresses } from './stand-ins.ts';

export const berthNamespace = 'berth-system';
export const release = 'berth';
/** The operator as the chart deploys it by these names. */
export const operator: Deployed = {
  namespace: berthNamespace,
  name: 'berth-operator',
  selector: 'app.kubernetes.io/instance=berth,app.kubernetes.io/component=operator',
};

/**
 * Installs the chart from the tree, or brings what is installed up to it, and waits until the operator runs.
 * @param settings values that are to be otherwise, each as `path=json`
 */
export async function installBerth(standIns: StandInAddresses, settings: readonly string[] = []): Promise<void> {
  await ensureRestrictedNamespace(berthNamespace);
  const values = developmentValues(standIns);
  let result = await upgrade(values, settings);
  if (result.status !== 0 && /another operation|no deployed releases/.test(result.stderr)) {
    await forgetInterrupted();
    result = await upgrade(values, settings);
  }
  mustSucceed('helm upgrade', result);
  await waitForRollout(operator);
}

/** Runs `helm uninstall`, which ends every run first and lets go of every session. Nothing installed: does nothing. */
export async function uninstallBerth(): Promise<void> {
  const words = ['uninstall', release, '--namespace', berthNamespace, '--ignore-not-found', '--wait', '--timeout=120s'];
  mustSucceed('helm uninstall', await helm(words, { timeoutMs: 150_000 }));
}

/** Whether a release of the chart is installed. */
export async function isBerthInstalled(): Promise<boolean> {
  return (await helm(['status', release, '--namespace', berthNamespace])).status === 0;
}

/** The images of the tree, on the stand-ins: a session whose settings were lost would dial the real WhatsApp. */
const developmentValues = (standIns: StandInAddresses) => ({
  image: { operator: { tag: 'dev' }, session: { baileys: { tag: 'dev' }, whatsAppWebJS: { tag: 'dev' } } },
  session: { env: environmentOf(standIns) },
  outbound: { allow: [standIns.network] },
});

/** What leads a session to the stand-ins; each engine reads its own of it. */
const environmentOf = (standIns: StandInAddresses) => ({
  WHATSAPP_WEB_SOCKET_URL: standIns.webSocketUrl,
  WHATSAPP_ROOT_PUBLIC_KEY: standIns.rootPublicKey,
  NODE_OPTIONS: trustingOnly(standIns.mediaAuthority),
  WHATSAPP_BROWSER_ARGUMENTS: JSON.stringify(standIns.browserArguments),
});

function upgrade(values: object, settings: readonly string[]): Promise<CommandResult> {
  const chart = join(projectDir, 'charts', 'berth');
  const words = ['upgrade', '--install', release, chart, '--namespace', berthNamespace, '--values', '-'];
  const set = settings.map((setting) => `--set-json=${setting}`);
  return helm([...words, ...set], { input: JSON.stringify(values), timeoutMs: 120_000 });
}

/** helm keeps a release that it was interrupted in as under way for ever: its record of that attempt has to go. */
async function forgetInterrupted(): Promise<void> {
  const interrupted = 'owner=helm,name=berth,status in (pending-install,pending-upgrade,pending-rollback,uninstalling)';
  await kubectl(['--namespace', berthNamespace, 'delete', 'secrets', '--selector', interrupted]);
}

function mustSucceed(what: string, { status, stdout, stderr }: CommandResult): void {
  if (status !== 0) throw new CommandError(what, stderr || stdout);
}
