import { afterAll, afterEach, beforeAll, expect, inject, onTestFinished } from 'vitest';
import { type ClusterWorld, createClusterWorld } from '../deployment/cluster-world.ts';
import { operator } from '../deployment/install-berth.ts';
import { kubectl, tryKubectl } from '../deployment/kubectl.ts';
import { type EngineName, standInsAt } from '../deployment/stand-ins.ts';
import { prefix } from './deploy.ts';

/** Between two looks of each test of a file whose tests run at the same time: each costs the API server time that pods need. */
const lookEveryMs = 300;
/** As many sessions as a file has may have to end at the same time. */
const worldEndsWithinMs = 90_000;

/**
 * A namespace on the cluster for one test. When the test is over, the operator must not have logged an error about it,
 * and its sessions are removed, which has to work whatever the test did. When it failed, all that can tell why is printed.
 * @param engine of its sessions; Baileys unless told
 */
export async function aWorld(engine?: EngineName): Promise<ClusterWorld> {
  const startedAt = new Date();
  const world = await createClusterWorld(standInsAt(inject('standIns')), prefix, engine);
  onTestFinished(({ task }) => endWorld(world, startedAt, task.result?.state === 'fail'), worldEndsWithinMs);
  return world;
}

/**
 * A namespace for all tests of a file, which run at the same time, each with sessions of its own name: what a fault needs is
 * mostly time, and so it passes once for all of them. It ends like that of a single test.
 */
export function oneWorld(engine?: EngineName): () => ClusterWorld {
  let world: ClusterWorld | undefined;
  let startedAt = new Date();
  beforeAll(async () => {
    startedAt = new Date();
    world = await createClusterWorld(standInsAt(inject('standIns')), prefix, engine, lookEveryMs);
  });
  let failed = false;
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });
  afterAll(async () => {
    if (world !== undefined) await endWorld(world, startedAt, failed);
  }, worldEndsWithinMs);
  return () => {
    if (world === undefined) throw new Error('Cannot give the world: it is made before the first test; ask in a test');
    return world;
  };
}

/** Judges what the operator logged about a world, or prints all about it where a test has failed, and removes it. */
async function endWorld(world: ClusterWorld, startedAt: Date, failed: boolean): Promise<void> {
  const { namespace } = world;
  try {
    if (failed) await printWhatIsSo(namespace, startedAt);
    else expect(await errorsOfOperator(namespace, startedAt)).toEqual([]);
    await world.removeAll().catch(async (error: unknown) => {
      await printWhatIsSo(namespace, startedAt);
      throw error;
    });
  } finally {
    await world.close();
  }
}

/** What the operator that runs now has logged as an error about a namespace. */
async function errorsOfOperator(namespace: string, since: Date): Promise<string[]> {
  const sinceTime = `--since-time=${since.toISOString()}`;
  const words = ['--namespace', operator.namespace, 'logs', '--selector', operator.selector, sinceTime, '--tail=-1'];
  const lines = (await kubectl(words)).split('\n');
  return lines
    .filter((line) => line.includes('"level":"error"') && line.includes(namespace))
    .filter((line) => !line.includes('because it is being terminated')); // Nobody can create anything there.
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
