import { BerthError } from '@berth/protocol';
import { down } from '../cluster/down.ts';
import { ensureImages } from '../cluster/images.ts';
import { kubeconfigPath } from '../cluster/paths.ts';
import { isUp, up } from '../cluster/up.ts';
import { createClusterWorld, removeLeftovers } from '../deployment/cluster-world.ts';
import { berthNamespace, installBerth, isBerthInstalled, uninstallBerth } from '../deployment/install-berth.ts';
import { deployStandIns, type EngineName, removeStandIns, standInsAt } from '../deployment/stand-ins.ts';
import { createCleanUp } from './clean-up.ts';
import { tellSessionStory } from './session-story.ts';
import { createStory } from './story.ts';
import { whatToTry } from './what-to-try.ts';

/** Names the namespaces of demos, so that one finds what an earlier one was not let to remove. */
const prefix = 'berth-demo';
const keeps = process.env['KEEP'] === '1';
const engines: readonly EngineName[] = ['Baileys', 'WhatsAppWebJS'];

/** The demo is asked for what Berth cannot show. */
class DemoError extends BerthError {
  readonly code = 'DEMO_IMPOSSIBLE';
  readonly retryable = false;
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const interruption = new AbortController();
const story = createStory(print, interruption.signal);
const cleanUp = createCleanUp(print);

/** Tells the story of one session. Throws at the first step that is not as it should be. */
async function main(): Promise<void> {
  const engine = engineToShow();
  print('Berth: one WhatsApp session, from "kubectl apply" to a message, and to its end.');
  print(`Its engine is ${engine}.`);
  print('WhatsApp and the phone are stand-ins in the cluster; everything else is real.');

  await story.step('A Kubernetes cluster', async () => {
    if (await isUp()) return `It is up already: export KUBECONFIG=${kubeconfigPath}`;
    cleanUp.later('the cluster', down);
    await up();
    return `The cluster is up: export KUBECONFIG=${kubeconfigPath}`;
  });
  await story.step('The images, built from this tree', async () => {
    await ensureImages();
    return 'The cluster has them';
  });
  const wasInstalled = await isBerthInstalled();
  const standIns = await story.step('The stand-ins for WhatsApp, a phone and a receiver of webhooks', async (see) => {
    if (!wasInstalled) cleanUp.later('the stand-ins', removeStandIns);
    const deployed = await deployStandIns();
    cleanUp.always(() => deployed.close());
    const { webSocketUrl, browserArguments } = deployed.addresses;
    if (engine === 'Baileys') see(`Sessions dial ${webSocketUrl}`);
    else see(`Sessions open https://web.whatsapp.com in a browser with the flags\n${browserArguments.join('\n')}`);
    return { said: 'They answer', value: standInsAt(deployed.addresses) };
  });
  await story.step('Berth, by its Helm chart', async (see) => {
    see(`$ helm upgrade --install berth charts/berth --namespace ${berthNamespace}`);
    if (!wasInstalled) cleanUp.later('Berth', uninstallBerth);
    await installBerth(standIns);
    return 'The operator is ready';
  });
  // After the operator is there: without it nothing lets go of what an interrupted demo left.
  await removeLeftovers(prefix);
  const world = await createClusterWorld(standIns, prefix, engine);
  cleanUp.always(() => world.close());
  cleanUp.later('the session', () => world.removeAll());
  await tellSessionStory(story, world, engine);
  if (keeps) print(whatToTry(world.namespace));
}

function engineToShow(): EngineName {
  const wanted = process.env['ENGINE'] || engines[0]; // Make exports an empty one when none is given.
  const engine = engines.find((each) => each === wanted);
  if (engine === undefined)
    throw new DemoError(`Cannot show the engine "${wanted}"; set ENGINE to ${engines.join(' or ')}, or leave it out`);
  return engine;
}

/** The terminal sends the same signal to the commands that run at the moment. Once more: whatever is left stays. */
process.on('SIGINT', () => {
  if (interruption.signal.aborted) process.exit(130);
  interruption.abort();
  print('\nInterrupted.');
  void cleanUp.run(keeps).finally(() => process.exit(130));
});

try {
  await main();
  await cleanUp.run(keeps);
  print('\nEverything was as it should be.');
} catch (error) {
  print(`\n${error instanceof BerthError ? error.message : String(error instanceof Error ? error.stack : error)}`);
  if (!keeps) print('What was started is taken down; `make demo KEEP=1` leaves it for a closer look.');
  await cleanUp.run(keeps);
  process.exitCode = 1;
}
