import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { projectDir } from '../cluster/paths.ts';
import { createReceiver, type Receiver } from '../webhook-receiver/receiver-client.ts';
import { createPhone, type Phone } from '../whatsapp/phone-client.ts';
import { kubectl } from './kubectl.ts';
import { reachService, serviceAddress, untilServed } from './reach-service.ts';
import { waitForRollout } from './rollout.ts';

const namespace = 'berth-test';
const service = 'stand-ins';
const whatsAppPort = 80;
const webhookPort = 7090;
const manifest = join(projectDir, 'test', 'cluster-manifests', 'stand-ins.yaml');

/** Where the stand-ins are and what is to be known of them; plain data, so that it can be handed to another process. */
export interface StandInAddresses {
  /** From this machine. */
  readonly whatsAppUrl: string;
  readonly receiverUrl: string;
  /** What sessions dial instead of WhatsApp. */
  readonly webSocketUrl: string;
  /** What they trust instead of WhatsApp's root: 64 hexadecimal digits. */
  readonly rootPublicKey: string;
  /** The network, as CIDR, that webhooks must be allowed to reach for the receiver. */
  readonly network: string;
  /** The receiver verifies what is signed with it; in the form of Standard Webhooks. */
  readonly webhookSecret: string;
}

/** The other ends of a session in the cluster. */
export interface StandIns extends StandInAddresses {
  /** Plays phones, their contacts and the network. */
  readonly phone: Phone;
  readonly receiver: Receiver;
  /** URL of a path of the receiver, as it is in the cluster. */
  webhookUrl(path: string): string;
}

/** The stand-ins that somebody has deployed. */
export function standInsAt(addresses: StandInAddresses): StandIns {
  return {
    ...addresses,
    phone: createPhone({ baseUrl: addresses.whatsAppUrl }),
    receiver: createReceiver({ baseUrl: addresses.receiverUrl }),
    webhookUrl: (path) => `http://${service}.${namespace}.svc.cluster.local:${webhookPort}${path}`,
  };
}

/** Sees to it that the stand-ins run as the image now is, and opens the way to them. Closing it leaves them running. */
export async function deployStandIns(): Promise<{ readonly addresses: StandInAddresses; close(): void }> {
  await kubectl(['apply', '--filename', manifest]);
  await waitForRollout({ namespace, name: 'stand-ins', selector: 'app.kubernetes.io/name=stand-ins' });
  const [toWhatsApp, toReceiver, address] = await Promise.all([
    reachService(namespace, service, whatsAppPort),
    reachService(namespace, service, webhookPort),
    serviceAddress(namespace, service),
  ]);
  await Promise.all([untilServed(toWhatsApp), untilServed(toReceiver)]);
  const rootPublicKey = await createPhone({ baseUrl: toWhatsApp.baseUrl }).rootPublicKey();
  const addresses = {
    whatsAppUrl: toWhatsApp.baseUrl,
    receiverUrl: toReceiver.baseUrl,
    webSocketUrl: `ws://${service}.${namespace}.svc.cluster.local/ws/chat`,
    rootPublicKey,
    network: `${address}/32`,
    // One for the life of the stand-in's pod, which keeps a limited number of them.
    webhookSecret: `whsec_${createHash('sha256').update(`webhooks of ${rootPublicKey}`).digest('base64')}`,
  };
  await standInsAt(addresses).receiver.trust(addresses.webhookSecret);
  return {
    addresses,
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
