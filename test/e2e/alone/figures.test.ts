import type { SessionState } from '@berth/protocol';
import { expect, test } from 'vitest';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { devImage } from '../../deployment/dev-image.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import type { EngineName } from '../../deployment/stand-ins.ts';
import { aWorld } from '../a-world.ts';
import { deviceOf, expectSameLogin, killed } from '../outcome.ts';

interface Promised {
  readonly engine: EngineName;
  readonly image: string;
  /** Anonymous memory of all processes at rest: the one figure that does not depend on how busy the machine is. */
  readonly restMiB: number;
}

const promised: readonly Promised[] = [
  { engine: 'Baileys', image: devImage('session-baileys'), restMiB: 100 },
  { engine: 'WhatsAppWebJS', image: devImage('session-whatsapp-web-js'), restMiB: 250 },
];
/** How often it is killed and started again. */
const restores = 3;
const starts = ['first', 'second', 'third'] as const;

test.each(promised)(
  'a session with $engine at rest takes less than $restMiB MiB, and is back with its login after each kill',
  async ({ engine, image, restMiB }) => {
    const world = await aWorld(engine);
    const toQrMs: number[] = [];
    for (const name of starts) {
      await world.start(name);
      await world.untilWaitsForPairing(name);
      toQrMs.push((await enteredAtMs(world, name, 'waiting_for_pairing')) - (await processStartedAtMs(world, name)));
      if (name !== starts.at(-1)) await world.remove(name);
    }
    const name = starts[starts.length - 1] ?? '';
    const phone = await world.pair(name);
    const device = await deviceOf(world, phone);
    const { mebibytes, processes } = await atRest(world, name);

    const toDeathMs: number[] = [];
    const toReadyMs: number[] = [];
    let runUid = await world.untilReady(name);
    for (let restore = 0; restore < restores; restore++) {
      toDeathMs.push(await killed(world, name, runUid));
      await world.untilPodGone(name, runUid);
      const startedAtMs = performance.now();
      await world.patch(name, { desiredState: 'Running' });
      runUid = await world.untilReady(name, runUid);
      toReadyMs.push(performance.now() - startedAtMs);
      await expectSameLogin(world, name, phone, device);
    }

    console.log(
      [
        `A session with ${engine}:`,
        `from the start of its process to the QR code ${told(toQrMs)} (wanted: 2 s)`,
        `from the order to start to Ready, restored ${told(toReadyMs)} (wanted: 3 s)`,
        `from the order to kill to the confirmed death ${told(toDeathMs)} (wanted: 4 s)`,
        `anonymous memory at rest ${mebibytes.toFixed(0)} MiB in ${processes} processes (promised: ${restMiB} MiB)`,
        `image as the node has it ${await imageMiB(image)} MiB`,
      ].join('\n  '),
    );
    expect(mebibytes).toBeLessThan(restMiB);
  },
  180_000,
);

/** When the process in the pod entered a state first, by its log. */
async function enteredAtMs(world: ClusterWorld, pod: string, state: SessionState): Promise<number> {
  const lines = (await kubectl(['--namespace', world.namespace, 'logs', pod])).split('\n');
  const entries = lines
    .filter((line) => line.includes('"Session changed state"'))
    .map((line) => JSON.parse(line) as { readonly time: string; readonly to: SessionState });
  return Date.parse(entries.find(({ to }) => to === state)?.time ?? '');
}

/** When PID 1 of the container was started, by the node's clock: the pod tells whole seconds only. */
async function processStartedAtMs(world: ClusterWorld, pod: string): Promise<number> {
  const script = `const { readFileSync } = require('node:fs');
const stat = readFileSync('/proc/1/stat', 'utf8');
const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
const [uptime] = readFileSync('/proc/uptime', 'utf8').split(' ');
console.log(Date.now() - (Number(uptime) - ticks / 100) * 1_000);`;
  return Number(await kubectl(['--namespace', world.namespace, 'exec', pod, '--', 'node', '--eval', script]));
}

interface Memory {
  readonly mebibytes: number;
  readonly processes: number;
}

/** Anonymous memory of all processes in a pod, once it changes no more. */
async function atRest(world: ClusterWorld, pod: string): Promise<Memory> {
  let before = Number.POSITIVE_INFINITY;
  const look = async () => {
    const memory = await memoryOf(world, pod);
    const isStill = Math.abs(memory.mebibytes - before) < 0.02 * memory.mebibytes;
    before = memory.mebibytes;
    return isStill ? { value: memory } : { seen: `${memory.mebibytes.toFixed(0)} MiB` };
  };
  return waitUntil('memory at rest', 30_000, look, 3_000);
}

/** The one that looks is among them, with less than 1 MiB. */
async function memoryOf(world: ClusterWorld, pod: string): Promise<Memory> {
  const show = 'cat /proc/[0-9]*/smaps_rollup 2>/dev/null || true';
  const text = await kubectl(['--namespace', world.namespace, 'exec', pod, '--', 'sh', '-c', show]);
  const kibibytes = [...text.matchAll(/^Anonymous:\s+(\d+) kB/gm)].map(([, each]) => Number(each));
  return { mebibytes: kibibytes.reduce((sum, each) => sum + each, 0) / 1_024, processes: kibibytes.length - 1 };
}

/** What the node's container runtime says; most store images compressed. */
async function imageMiB(name: string): Promise<string> {
  const { items } = JSON.parse(await kubectl(['get', 'nodes', '--output=json'])) as {
    items: { status: { images?: { names: string[]; sizeBytes: number }[] } }[];
  };
  const images = items.flatMap(({ status }) => status.images ?? []);
  const image = images.find(({ names }) => names.includes(name));
  return image ? (image.sizeBytes / 1_024 / 1_024).toFixed(0) : 'unknown';
}

function told(timesMs: readonly number[]): string {
  const inOrder = timesMs.toSorted((a, b) => a - b);
  const seconds = (ms: number | undefined) => ((ms ?? Number.NaN) / 1_000).toFixed(1);
  const median = inOrder[Math.floor(inOrder.length / 2)];
  return `${seconds(median)} s (median of ${inOrder.length}, ${seconds(inOrder[0])} to ${seconds(inOrder.at(-1))})`;
}
