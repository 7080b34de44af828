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
export async function untilStuck(world: ClusterWorld, name: string, reason: string, timeoutMs = 30_000) {
  const session = await world.until(
    name,
    `that is stuck: ${reason}`,
    (seen) => verdict(seen, 'Stuck') === `True ${reason}`,
    timeoutMs,
  );
  return session.status?.conditions?.find(({ type }) => type === 'Stuck')?.message ?? '';
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

/** Waits for an Event about the session with this reason, and gives its type and message. */
export function untilEvent(world: ClusterWorld, name: string, reason: string, timeoutMs = 15_000) {
  const words = ['get', 'events', '--field-selector', `involvedObject.name=${name},reason=${reason}`, '--output=json'];
  return waitUntil(`Event "${reason}" of "${name}"`, timeoutMs, async () => {
    const answer = await kubectl(['--namespace', world.namespace, ...words]);
    const [event] = (JSON.parse(answer) as { items: { type: string; message: string }[] }).items;
    return event === undefined ? { seen: 'none' } : { value: event };
  });
}
