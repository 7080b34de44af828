import type { WhatsAppSessionStatus } from '@berth/operator/resource/whatsapp-session.ts';
import { BerthError } from '@berth/protocol';
import { waitUntil } from '../cluster/wait-until.ts';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { applyManifest, kubectl } from '../deployment/kubectl.ts';
import type { EngineName } from '../deployment/stand-ins.ts';
import { wedge, wedgePage } from '../deployment/wedge.ts';
import type { Story } from './story.ts';

const name = 'support';
const friend = '15550001000';

/** Something in the story came out otherwise than it must. */
class StoryError extends BerthError {
  readonly code = 'STORY_BROKEN';
  readonly retryable = false;
  constructor(what: string) {
    super(`Cannot go on with the story: ${what}; see the logs of the operator and of the session's pod`);
  }
}

function must(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new StoryError(otherwise);
}

/** The life of one session, from its manifest to its end by force and its next run. */
export async function tellSessionStory(story: Story, world: ClusterWorld, engine: EngineName): Promise<void> {
  const { namespace, phone: phones } = world;
  const tool = world.tool(name);

  await story.step('A session, applied', async (see) => {
    const manifest = world.manifest(name);
    see(`$ kubectl apply -f -\n${JSON.stringify(manifest, null, 2)}`);
    see(await applyManifest(manifest));
    await world.untilWaitsForPairing(name);
    see(await table(namespace));
    return 'It has a pod, and waits to be linked';
  });

  await story.step('Its QR code', async (see) => {
    see(`$ kubectl -n ${namespace} exec ${name} -- node session-pod/local.ts qr`);
    see(await tool.qrDrawn());
    return 'A person would scan it in WhatsApp under Linked devices';
  });

  const phone = await story.step('Scanned by the stand-in phone', async (see) => {
    const value = await world.pair(name);
    see(await table(namespace));
    return { said: 'The session is Ready', value };
  });

  await story.step('A message in', async (see) => {
    await phones.deliver({ from: friend, to: phone, text: 'Are you open today?' });
    const [message] = await waitUntil('message in the session', 10_000, async () => {
      const messages = await tool.messages();
      return messages.length > 0 ? { value: messages } : { seen: 'none' };
    });
    must(message?.text === 'Are you open today?', `the session read "${message?.text}"`);
    see(`A friend wrote: ${message.text}`);
    return 'The session has it, decrypted';
  });

  await story.step('A message out', async (see) => {
    await tool.send(friend, 'Until six o’clock.');
    const [message] = await waitUntil('message at the friend', 10_000, async () => {
      const messages = await phones.inbox(phone);
      return messages.length > 0 ? { value: messages } : { seen: 'none' };
    });
    must(message?.text === 'Until six o’clock.', `the friend read "${message?.text ?? message?.failure}"`);
    see(`The friend reads: ${message.text}`);
    return 'The friend has it, decrypted';
  });

  const runUid = await world.untilReady(name);
  const loginsBefore = await phones.connections(phone);

  await story.step('The engine, wedged', async (see) => {
    if (engine === 'Baileys') {
      see('Its event loop is blocked by `for (;;);`, told to it through the inspector of Node');
      await wedge(namespace, name);
    } else {
      see('The main thread of its page is blocked by `for (;;);`, told to it by the stand-in for the site');
      await wedgePage(phones, phone);
    }
    const { status } = await world.until(name, 'that is not ready', (session) => !isReady(session.status), 20_000);
    const condition = status?.conditions?.find(({ type }) => type === 'Ready');
    see(`Ready is ${condition?.status}, ${condition?.reason}: ${condition?.message}`);
    return 'It answers nothing, and the operator has seen it';
  });

  await story.step('Killed by force', async (see) => {
    const patch = '{"spec":{"desiredState":"Killed"}}';
    see(`$ kubectl -n ${namespace} patch whatsappsession ${name} --type=merge -p '${patch}'`);
    const startedAtMs = performance.now();
    await kubectl(['--namespace', namespace, 'patch', 'whatsappsession', name, '--type=merge', '--patch', patch]);
    await world.untilPodGone(name, runUid);
    const tookSeconds = (performance.now() - startedAtMs) / 1000;
    await world.untilStopped(name);
    see(await table(namespace));
    return `The process is dead and its pod gone, ${tookSeconds.toFixed(1)} s after the order`;
  });

  await story.step('The session_end, as the receiver got it', async (see) => {
    const ends = await world.untilReceivedEnds(name, 1);
    const [end] = ends;
    must(end !== undefined && ends.length === 1, `the receiver got ${ends.length} of them`);
    const { event, headers, isSigned } = end;
    for (const header of ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'])
      see(`${header}: ${headers[header]}`);
    see(JSON.stringify(event, null, 2));
    must(event.id === runUid, `it is of the run "${event.id}", not of "${runUid}"`);
    must(event.data.reason === 'force_killed', `its reason is "${event.data.reason}"`);
    must(event.data.terminationConfirmed, 'it does not say that the containers are confirmed dead');
    must(isSigned, 'its signature is not by the key of the session');
    return 'One event: force_killed, containers confirmed dead, signature verified';
  });

  await story.step('Started again', async (see) => {
    const patch = '{"spec":{"desiredState":"Running"}}';
    see(`$ kubectl -n ${namespace} patch whatsappsession ${name} --type=merge -p '${patch}'`);
    await kubectl(['--namespace', namespace, 'patch', 'whatsappsession', name, '--type=merge', '--patch', patch]);
    await world.untilReady(name, runUid);
    see(await table(namespace));
    const states = await world.states(name);
    see(`The process went through: ${states.join(', ')}`);
    must(states.includes('ready'), 'its log does not say that it became ready');
    must(!states.includes('waiting_for_pairing'), 'it showed a new QR code');
    const login = (await phones.connections(phone)).at(-1);
    must(login?.device === loginsBefore.at(-1)?.device, 'it came back as another device');
    return 'It is Ready, as the same device, without a new QR code';
  });
}

const isReady = (status: WhatsAppSessionStatus | undefined) =>
  status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;

/** What a person sees by `kubectl get`. */
async function table(namespace: string): Promise<string> {
  const words = ['--namespace', namespace, 'get', 'whatsappsessions,pods,sessionends', '--ignore-not-found'];
  return `$ kubectl ${words.slice(0, 4).join(' ')}\n${await kubectl(words)}`;
}
