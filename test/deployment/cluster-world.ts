import { randomInt } from 'node:crypto';
import { mergePatch } from '@berth/operator/kubernetes/client.ts';
import { isNotFound } from '@berth/operator/kubernetes/errors.ts';
import { path } from '@berth/operator/resource/names.ts';
import type { WhatsAppSession, WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import type { SessionEndEvent, SessionState } from '@berth/protocol';
import { kubeconfigPath } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { createSessionWorld, type SessionWorld } from '../integration/session-world.ts';
import type { Phone } from '../whatsapp/phone-client.ts';
import { kubectl, tryKubectl } from './kubectl.ts';
import { restricted } from './restricted-namespace.ts';
import { sessionTool } from './session-tool.ts';
import type { EngineName, StandIns } from './stand-ins.ts';

/** A session_end as the receiver got it. */
export interface ReceivedEnd {
  readonly event: SessionEndEvent;
  readonly isSigned: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a person applies. */
export type SessionManifest = Pick<WhatsAppSession, 'apiVersion' | 'kind' | 'spec'> & {
  readonly metadata: { readonly name: string; readonly namespace: string };
};

/** A namespace on the real cluster, whose sessions run in real pods against the stand-ins. */
export interface ClusterWorld extends SessionWorld {
  readonly standIns: StandIns;
  /** Plays phones, their contacts and the network for sessions with the world's engine. */
  readonly phone: Phone;
  /** The manifest of a session with the world's engine, whose ends go, signed, to the receiver. */
  manifest(name: string, spec?: Partial<WhatsAppSessionSpec>): SessionManifest;
  /** Creates a session by `manifest`. */
  start(name: string, spec?: Partial<WhatsAppSessionSpec>): Promise<WhatsAppSession>;
  /** Waits until another run of the session than `afterRun` shows its code, and gives the uid of that run. */
  untilWaitsForPairing(name: string, afterRun?: string, timeoutMs?: number): Promise<string>;
  /** Scans the session's QR code with a phone, whose number it gives, and waits until the session is ready. */
  pair(name: string): Promise<string>;
  /** Scans it with the phone of this number. */
  pairAs(name: string, phone: string): Promise<void>;
  /** Both of them. */
  startPaired(name: string, spec?: Partial<WhatsAppSessionSpec>): Promise<{ phone: string; runUid: string }>;
  /** Waits until the session is ready in another run than `afterRun`, and gives the uid of its run. */
  untilReady(name: string, afterRun?: string, timeoutMs?: number): Promise<string>;
  untilPodGone(name: string, uid: string, timeoutMs?: number): Promise<void>;
  /** The session_end events that the receiver got for this session, oldest first. */
  receivedEnds(name: string): Promise<ReceivedEnd[]>;
  untilReceivedEnds(name: string, count: number, timeoutMs?: number): Promise<ReceivedEnd[]>;
  /** The states that the process of the session's present pod went through, by its log. */
  states(name: string): Promise<SessionState[]>;
  tool(name: string): ReturnType<typeof sessionTool>;
  /** Deletes every session, waits until they are gone, then the namespace, for which it does not wait. */
  removeAll(): Promise<void>;
}

/** The path of the receiver at which the ends of a session arrive. */
export const sinkPath = (namespace: string, name: string) => `/${namespace}/${name}`;

const signingSecret = { name: 'webhook-signing', key: 'key' };
/** Many sessions may start at the same time on a node of two cores: what is waited for is seen sooner or later, or never. */
const patienceMs = 60_000;
const readyWithinMs = 120_000;

/**
 * Makes a fresh namespace that admits restricted pods only, with the key that its webhooks are signed with.
 * @param engine of the sessions that name none
 * @param lookEveryMs milliseconds between two looks at what is waited for
 */
export async function createClusterWorld(
  standIns: StandIns,
  prefix: string,
  engine: EngineName = 'Baileys',
  lookEveryMs = 100,
): Promise<ClusterWorld> {
  const plain = await createSessionWorld(kubeconfigPath, prefix, { patienceMs, lookEveryMs });
  const { client, namespace } = plain;
  await client.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}`,
    contentType: mergePatch,
    body: { metadata: { labels: { ...restricted, [madeHereLabel]: prefix } } },
  });
  await client.request({
    method: 'POST',
    path: path.secrets(namespace),
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: signingSecret.name, namespace },
      stringData: { [signingSecret.key]: standIns.webhookSecret },
    },
  });

  const world: ClusterWorld = {
    ...plain,
    standIns,
    phone: standIns.phones[engine],
    tool: (name) => sessionTool(namespace, name),
    manifest: (name, spec = {}) => ({
      apiVersion: 'berth.dev/v1alpha1',
      kind: 'WhatsAppSession',
      metadata: { name, namespace },
      spec: {
        engine,
        recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } },
        webhooks: [
          { url: standIns.webhookUrl(sinkPath(namespace, name)), events: ['session_end'], secretRef: signingSecret },
        ],
        ...spec,
      },
    }),
    start: (name, spec) => plain.apply(name, world.manifest(name, spec).spec),
    async untilWaitsForPairing(name, afterRun, timeoutMs = readyWithinMs) {
      const session = await world.until(
        name,
        'that waits for pairing',
        ({ status }) =>
          status?.run !== undefined &&
          status.run.uid !== afterRun &&
          status.report?.runUid === status.run.uid &&
          status.report.state === 'waiting_for_pairing',
        timeoutMs,
      );
      return session.status?.run?.uid ?? '';
    },
    async pair(name) {
      const phone = `1555${randomInt(1_000_000, 10_000_000)}`;
      await world.pairAs(name, phone);
      return phone;
    },
    async pairAs(name, phone) {
      await world.untilWaitsForPairing(name);
      await world.phone.scan(await world.tool(name).qrText(), phone);
      await world.untilReady(name);
    },
    async startPaired(name, spec) {
      await world.start(name, spec);
      const phone = await world.pair(name);
      return { phone, runUid: await world.untilReady(name) };
    },
    async untilReady(name, afterRun, timeoutMs = readyWithinMs) {
      const session = await world.until(
        name,
        'that is ready',
        ({ status }) =>
          status?.run !== undefined &&
          status.run.uid !== afterRun &&
          status.report?.runUid === status.run.uid &&
          isTrue(status.conditions, 'Ready'),
        timeoutMs,
      );
      return session.status?.run?.uid ?? '';
    },
    untilPodGone: (name, uid, timeoutMs = patienceMs) =>
      waitUntil(
        `removal of pod "${name}"`,
        timeoutMs,
        async () => {
          const pod = await world.pod(name);
          return pod?.metadata.uid === uid ? { seen: JSON.stringify(pod.status) } : { value: undefined };
        },
        lookEveryMs,
      ),
    async receivedEnds(name) {
      const received = await standIns.receiver.received(sinkPath(namespace, name));
      return received
        .filter(({ answer }) => answer === 200)
        .map(({ body, headers, verifiedBy }) => ({
          event: JSON.parse(body) as SessionEndEvent,
          isSigned: verifiedBy !== undefined,
          headers,
        }));
    },
    untilReceivedEnds: (name, count, timeoutMs = patienceMs) =>
      waitUntil(
        `${count} session_end of "${name}" at the receiver`,
        timeoutMs,
        async () => {
          const ends = await world.receivedEnds(name);
          return ends.length >= count ? { value: ends } : { seen: JSON.stringify(ends.map(({ event }) => event.data)) };
        },
        lookEveryMs,
      ),
    async states(name) {
      const { stdout } = await tryKubectl(['--namespace', namespace, 'logs', name]);
      return stdout
        .split('\n')
        .filter((line) => line.includes('"Session changed state"'))
        .map((line) => (JSON.parse(line) as { to: SessionState }).to);
    },
    async removeAll() {
      await client.request({ method: 'DELETE', path: path.sessions(namespace) });
      await waitUntil(`removal of every session in "${namespace}"`, patienceMs, async () => {
        const { items } = await client.request<{ items: WhatsAppSession[] }>({
          method: 'GET',
          path: path.sessions(namespace),
        });
        return items.length === 0
          ? { value: undefined }
          : { seen: JSON.stringify(items.map(({ metadata, status }) => [metadata.name, status])) };
      });
      await client.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    },
  };
  return world;
}

/**
 * Starts the removal of what runs that were interrupted have left. The name of a namespace tells the process that made
 * it: what belongs to one that lives, another run of the tests perhaps, is let be. It needs an operator to come true.
 */
export async function removeLeftovers(prefix: string): Promise<void> {
  const names = await kubectl(['get', 'namespaces', '--selector', `${madeHereLabel}=${prefix}`, '--output=name']);
  const left = names.split('\n').filter((name) => name !== '' && !isAlive(Number(name.split('-').at(-2))));
  if (left.length > 0) await kubectl(['delete', ...left, '--wait=false']);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** On each namespace that is made here. */
const madeHereLabel = 'berth.dev/made-by';

type Conditions = NonNullable<WhatsAppSession['status']>['conditions'];

export function isTrue(conditions: Conditions, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}
