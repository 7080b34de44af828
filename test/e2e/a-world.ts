import { inject, onTestFinished } from 'vitest';
import { type ClusterWorld, createClusterWorld } from '../deployment/cluster-world.ts';
import { operator } from '../deployment/install-berth.ts';
import { tryKubectl } from '../deployment/kubectl.ts';
import { standInsAt } from '../deployment/stand-ins.ts';

/**
 * A namespace on the cluster for one test. When the test is over its sessions are removed, which has to work whatever
 * the test did; when it failed, all that can tell why is printed before.
 */
export async function aWorld(): Promise<ClusterWorld> {
  const startedAt = new Date();
  const world = await createClusterWorld(standInsAt(inject('standIns')), 'berth-e2e');
  onTestFinished(async ({ task }) => {
    try {
      if (task.result?.state === 'fail') await printWhatIsSo(world.namespace, startedAt);
      await world.removeAll().catch(async (error: unknown) => {
        await printWhatIsSo(world.namespace, startedAt);
        throw error;
      });
    } finally {
      await world.close();
    }
  }, 60_000);
  return world;
}

/** Prints the sessions, pods, ends, Events and logs of a namespace, and what the operator logged meanwhile. */
async function printWhatIsSo(namespace: string, since: Date): Promise<void> {
  const here = ['--namespace', namespace];
  const sinceTime = `--since-time=${since.toISOString()}`;
  const questions = [
    [...here, 'get', 'whatsappsessions,sessionends,pods', '--output=yaml'],
    [...here, 'get', 'events', '--sort-by=.metadata.creationTimestamp'],
    [...here, 'logs', '--selector=app.kubernetes.io/managed-by=berth', '--prefix', '--tail=60'],
    ['--namespace', operator.namespace, 'logs', '--selector', operator.selector, sinceTime, '--tail=200'],
  ];
  for (const words of questions) {
    const { stdout, stderr } = await tryKubectl(words);
    process.stderr.write(`\n$ kubectl ${words.join(' ')}\n${stdout}${stderr}`);
  }
}
