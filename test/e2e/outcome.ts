import type { WhatsAppSession } from '@berth/operator/resource/whatsapp-session.ts';
import type { EndReason } from '@berth/protocol';
import { expect } from 'vitest';
import { waitUntil } from '../cluster/wait-until.ts';
import type { ClusterWorld } from '../deployment/cluster-world.ts';
import { kubectl } from '../deployment/kubectl.ts';
import type { Login } from '../whatsapp/phone-client.ts';

/** The reason of a condition, with its status, for instance "True StartTimeout"; undefined without such a condition. */
export function verdict({ status }: WhatsAppSession, type: string): string | undefined {
  const condition = status?.conditions?.find((each) => each.type === type);
  return condition && `${condition.status} ${condition.reason}`;
}

/** Ends as a test writes them down: the run and why, oldest first. */
export type Told = readonly (readonly [runUid: string, reason: EndReason])[];

/** What the API has recorded of a session's ends, and what its receiver got, are these, each once and signed. */
export async function expectEnds(world: ClusterWorld, name: string, told: Told): Promise<void> {
  const wanted = told.map(([runUid, reason]) => `${runUid} ${reason}`).toSorted();
  const received = await world.untilReceivedEnds(name, told.length);
  expect(received.map(({ event }) => `${event.id} ${event.data.reason}`).toSorted()).toEqual(wanted);
  expect(received.filter(({ isSigned }) => !isSigned)).toEqual([]);
  const recorded = (await world.ends(name)).map(({ spec }) => `${spec.run.uid} ${spec.reason}`);
  expect(recorded.toSorted()).toEqual(wanted);
}

/** Waits until the session is Stuck for this reason, and gives the condition's message. */
export async function untilStuck(world: ClusterWorld, name: string, reason: string, timeoutMs = 60_000) {
  const session = await world.until(
    name,
    `that is stuck: ${reason}`,
    (seen) => verdict(seen, 'Stuck') === `True ${reason}`,
    timeoutMs,
  );
  return session.status?.conditions?.find(({ type }) => type === 'Stuck')?.message ?? '';
}

/**
 * Orders the kill of a run, waits until the kubelet reports its process as dead, and gives the milliseconds between.
 * @param withinMs milliseconds that are granted; more than is promised, as the node may be busy with other tests
 */
export async function killed(world: ClusterWorld, name: string, runUid: string, withinMs?: number): Promise<number> {
  const orderedAtMs = performance.now();
  await world.patch(name, { desiredState: 'Killed' });
  await untilDead(world, name, runUid, withinMs);
  return performance.now() - orderedAtMs;
}

/** Waits until the kubelet reports the process of a run as dead, or its pod is gone, which comes after that. */
function untilDead(world: ClusterWorld, name: string, runUid: string, withinMs = 30_000): Promise<void> {
  return waitUntil(`death of pod "${name}"`, withinMs, async () => {
    const pod = await world.pod(name);
    if (pod?.metadata.uid !== runUid) return { value: undefined };
    const state = pod.status?.containerStatuses?.[0]?.state;
    return state?.terminated === undefined ? { seen: JSON.stringify(state) } : { value: undefined };
  });
}

/** Kills a run, waits until it is over and all of it is told, and starts the session again. */
export async function killedAndStarted(world: ClusterWorld, name: string, runUid: string): Promise<void> {
  await world.patch(name, { desiredState: 'Killed' });
  await world.untilPodGone(name, runUid);
  await world.patch(name, { desiredState: 'Running' });
}

/** Waits until a run has answered its first probe: one that is struck before that never got well, which is another fault. */
export async function untilAnswers({ namespace }: ClusterWorld, name: string): Promise<void> {
  const words = ['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=40s'];
  await kubectl(['--namespace', namespace, ...words], { timeoutMs: 45_000 });
}

/** The login goes on: this run has shown no QR code, and the device is the one that was paired. */
export async function expectSameLogin(world: ClusterWorld, name: string, phone: string, device: string): Promise<void> {
  expect(await world.states(name)).not.toContain('waiting_for_pairing');
  expect((await loginsOf(world, phone)).at(-1)?.device).toBe(device);
}

/** The logins that succeeded, oldest first. */
export async function loginsOf(world: ClusterWorld, phone: string): Promise<Login[]> {
  const logins = await world.phone.connections(phone);
  return logins.filter(({ outcome }) => outcome === 'accepted');
}

/** The device that a phone's session logged in as last. */
export async function deviceOf(world: ClusterWorld, phone: string): Promise<string> {
  return (await loginsOf(world, phone)).at(-1)?.device ?? 'none';
}

/** Waits until the session has this many messages that came in, and gives all. */
export function untilMessages(world: ClusterWorld, name: string, count: number) {
  return waitUntil(
    `${count} messages in session "${name}"`,
    60_000, // Baileys holds messages back for 20 s after the first logins, for a history that the stand-in does not send.
    async () => {
      const all = await world.tool(name).messages();
      return all.length >= count ? { value: all } : { seen: JSON.stringify(all) };
    },
    500, // Each look is a process in the session's container.
  );
}

/** Waits until the contacts of a phone have this many messages of it, and gives all. */
export function untilInbox(world: ClusterWorld, phone: string, count: number) {
  return waitUntil(`${count} messages of ${phone} at its contacts`, 30_000, async () => {
    const all = await world.phone.inbox(phone);
    return all.length >= count ? { value: all } : { seen: JSON.stringify(all) };
  });
}

/** Waits for an Event about the session with this reason, and gives its type and message. */
export function untilEvent(world: ClusterWorld, name: string, reason: string, timeoutMs = 30_000) {
  const words = ['get', 'events', '--field-selector', `involvedObject.name=${name},reason=${reason}`, '--output=json'];
  return waitUntil(`Event "${reason}" of "${name}"`, timeoutMs, async () => {
    const answer = await kubectl(['--namespace', world.namespace, ...words]);
    const [event] = (JSON.parse(answer) as { items: { type: string; message: string }[] }).items;
    return event === undefined ? { seen: 'none' } : { value: event };
  });
}
