import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { projectDir } from '../cluster/paths.ts';
import type { Credentials } from '../proxy/proxy.ts';
import { createTunnelLog, type TunnelLog } from '../proxy/tunnel-log.ts';
import { createReceiver, type Receiver } from '../webhook-receiver/receiver-client.ts';
import { createPhone, type Phone } from '../whatsapp/phone-client.ts';
import { browserArguments } from '../whatsapp-web/start-whatsapp-web.ts';
import { kubectl } from './kubectl.ts';
import { reachService, serviceAddress, untilServed } from './reach-service.ts';
import { waitForRollout } from './rollout.ts';

const namespace = 'berth-test';
const service = 'stand-ins';
const whatsAppPort = 80;
const webSitePort = 443;
const webAdminPort = 7081;
const webhookPort = 7090;
const proxyPort = 3128;
const proxyAdminPort = 7082;
/** Nothing listens there. */
const deadPort = 7099;
const host = `${service}.${namespace}.svc.cluster.local`;
const manifest = join(projectDir, 'test', 'cluster-manifests', 'stand-ins.yaml');

/** What a session may be of. */
export type EngineName = WhatsAppSessionSpec['engine'];

/** Where the stand-ins are and what is to be known of them; plain data, so that it can be handed to another process. */
export interface StandInAddresses {
  /** From this machine. */
  readonly whatsAppUrl: string;
  readonly whatsAppWebUrl: string;
  readonly receiverUrl: string;
  readonly proxyAdminUrl: string;
  /** What sessions dial instead of WhatsApp. */
  readonly webSocketUrl: string;
  /** What they trust instead of WhatsApp's root: 64 hexadecimal digits. */
  readonly rootPublicKey: string;
  /** What they trust instead of the authorities of the web, for files: a certificate in PEM. */
  readonly mediaAuthority: string;
  /** Flags with which the browser of a session takes the stand-in for WhatsApp's site. */
  readonly browserArguments: readonly string[];
  /** The network, as CIDR, that webhooks must be allowed to reach for the receiver. */
  readonly network: string;
  /** The receiver verifies what is signed with it; in the form of Standard Webhooks. */
  readonly webhookSecret: string;
}

/** The other ends of a session in the cluster. */
export interface StandIns extends StandInAddresses {
  /** Play phones, their contacts and the network, by engine: each has a WhatsApp of its own, which knows nothing of the other. */
  readonly phones: Readonly<Record<EngineName, Phone>>;
  readonly receiver: Receiver;
  /** URL of a path of the receiver, as it is in the cluster. */
  webhookUrl(path: string): string;
  /** URL of the proxy for a user, whom it lets through with any password, as it is in the cluster; or of one that is down. */
  proxyUrl(user: Credentials, isDown?: boolean): string;
  /** What the proxy was asked for. */
  readonly tunnels: TunnelLog;
}

/** The stand-ins that somebody has deployed. */
export function standInsAt(addresses: StandInAddresses): StandIns {
  return {
    ...addresses,
    phones: {
      Baileys: createPhone({ baseUrl: addresses.whatsAppUrl }),
      WhatsAppWebJS: createPhone({ baseUrl: addresses.whatsAppWebUrl }),
    },
    receiver: createReceiver({ baseUrl: addresses.receiverUrl }),
    webhookUrl: (path) => `http://${host}:${webhookPort}${path}`,
    proxyUrl({ username, password }, isDown = false) {
      const user = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
      return `http://${user}@${host}:${isDown ? deadPort : proxyPort}`;
    },
    tunnels: createTunnelLog({ baseUrl: addresses.proxyAdminUrl }),
  };
}

/** Sees to it that the stand-ins run as the image now is, and opens the way to them. Closing it leaves them running. */
export async function deployStandIns(): Promise<{ readonly addresses: StandInAddresses; close(): void }> {
  await kubectl(['apply', '--filename', manifest]);
  await waitForRollout({ namespace, name: 'stand-ins', selector: 'app.kubernetes.io/name=stand-ins' });
  const [toWhatsApp, toWhatsAppWeb, toReceiver, toProxyAdmin, address] = await Promise.all([
    reachService(namespace, service, whatsAppPort),
    reachService(namespace, service, webAdminPort),
    reachService(namespace, service, webhookPort),
    reachService(namespace, service, proxyAdminPort),
    serviceAddress(namespace, service),
  ]);
  const ways = [toWhatsApp, toWhatsAppWeb, toReceiver, toProxyAdmin];
  await Promise.all(ways.map(untilServed));
  const phone = createPhone(toWhatsApp);
  const rootPublicKey = await phone.rootPublicKey();
  const addresses = {
    whatsAppUrl: toWhatsApp.baseUrl,
    whatsAppWebUrl: toWhatsAppWeb.baseUrl,
    receiverUrl: toReceiver.baseUrl,
    proxyAdminUrl: toProxyAdmin.baseUrl,
    webSocketUrl: `ws://${host}/ws/chat`,
    rootPublicKey,
    mediaAuthority: await phone.mediaAuthority(),
    browserArguments: browserArguments(`${host}:${webSitePort}`, await createPhone(toWhatsAppWeb).spki()),
    network: `${address}/32`,
    // One for the life of the stand-in's pod, which keeps a limited number of them.
    webhookSecret: `whsec_${createHash('sha256').update(`webhooks of ${rootPublicKey}`).digest('base64')}`,
  };
  await standInsAt(addresses).receiver.trust(addresses.webhookSecret);
  return {
    addresses,
    close: () => ways.forEach((way) => way.close()),
  };
}

/** Takes the stand-ins away with all that they know. */
export async function removeStandIns(): Promise<void> {
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=60s'], { timeoutMs: 90_000 });
}
