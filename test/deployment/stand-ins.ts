import { join } from 'node:path';
import { projectDir } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { createReceiver, type Receiver } from '../webhook-receiver/receiver-client.ts';
import { createPhone, type Phone } from '../whatsapp/phone-client.ts';
import { kubectl } from './kubectl.ts';
import { reachService, serviceAddress } from './reach-service.ts';
import { waitForRollout } from './rollout.ts';

const namespace = 'berth-test';
const service = 'stand-ins';
const whatsAppPort = 80;
const webhookPort = 7090;
const manifest = join(projectDir, 'test', 'cluster-manifests', 'stand-ins.yaml');

/** The other ends of a session in the cluster. */
export interface StandIns {
  /** Plays phones, their contacts and the network. */
  readonly phone: Phone;
  readonly receiver: Receiver;
  /** What sessions dial instead of WhatsApp. */
  readonly webSocketUrl: string;
  /** What they trust instead of WhatsApp's root: 64 hexadecimal digits. */
  readonly rootPublicKey: string;
  /** The network, as CIDR, that webhooks must be allowed to reach for the receiver. */
  readonly network: string;
  /** URL of a path of the receiver, as it is in the cluster. */
  webhookUrl(path: string): string;
  /** Closes what leads there; the stand-ins stay. */
  close(): void;
}

/** Sees to it that the stand-ins run as the image now is, and opens the way to them. */
export async function deployStandIns(): Promise<StandIns> {
  await kubectl(['apply', '--filename', manifest]);
  await waitForRollout(namespace, 'stand-ins', 'app.kubernetes.io/name=stand-ins');
  const [toWhatsApp, toReceiver, address] = await Promise.all([
    reachService(namespace, service, whatsAppPort),
    reachService(namespace, service, webhookPort),
    serviceAddress(namespace, service),
  ]);
  const phone = createPhone({ baseUrl: toWhatsApp.baseUrl });
  // The Service knows its new pod a moment after the pod is ready.
  const rootPublicKey = await waitUntil('answer of the WhatsApp stand-in', 15_000, () =>
    phone.rootPublicKey().then(
      (value) => ({ value }),
      (error: unknown) => ({ seen: String(error) }),
    ),
  );
  return {
    phone,
    receiver: createReceiver({ baseUrl: toReceiver.baseUrl }),
    webSocketUrl: `ws://${service}.${namespace}.svc.cluster.local/ws/chat`,
    rootPublicKey,
    network: `${address}/32`,
    webhookUrl: (path) => `http://${service}.${namespace}.svc.cluster.local:${webhookPort}${path}`,
    close() {
      toWhatsApp.close();
      toReceiver.close();
    },
  };
}

/** Takes the stand-ins away with all that they know. */
export async function removeStandIns(): Promise<void> {
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=60s'], { timeoutMs: 90_000 });
}
