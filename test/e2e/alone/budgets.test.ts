import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pace } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { hasKind } from '../../cluster/kind.ts';
import { clusterDir } from '../../cluster/paths.ts';
import { waitUntil } from '../../cluster/wait-until.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import { kubectl } from '../../deployment/kubectl.ts';
import { aWorld } from '../a-world.ts';

const isKind = await hasKind();

/** One answered request, as the API server's audit log has it. */
interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** All that was asked in a namespace until now, oldest first. */
async function auditOf(world: ClusterWorld): Promise<AuditEvent[]> {
  // The API server writes its log a moment after its answers: once this question is in it, what was before it is too.
  const marker = `until-${randomUUID()}`;
  await world.session(marker);
  return waitUntil('own question in the audit log', 10_000, async () => {
    const lines = (await readFile(join(clusterDir, 'log', 'audit.log'), 'utf8')).split('\n');
    const here = lines.filter((line) => line.includes(`"namespace":"${world.namespace}"`));
    if (!here.some((line) => line.includes(marker))) return { seen: `${here.length} others` };
    const events = here.map((line) => JSON.parse(line) as AuditEvent);
    return { value: events.sort((a, b) => (a.requestReceivedTimestamp < b.requestReceivedTimestamp ? -1 : 1)) };
  });
}

const operatorUser = 'system:serviceaccount:berth-system:berth-operator';
const writes = ['create', 'update', 'patch', 'delete'];
const told = ({ verb, objectRef, responseStatus }: AuditEvent) =>
  `${verb} ${objectRef?.resource}${objectRef?.subresource ? `/${objectRef.subresource}` : ''} ${responseStatus?.code}`;

/** Writes of the operator about one session, without Events and the Lease. */
function writesAbout(events: readonly AuditEvent[], name: string): AuditEvent[] {
  return events.filter(
    ({ verb, user, objectRef }) =>
      user.username === operatorUser &&
      writes.includes(verb) &&
      !['events', 'leases', 'configmaps'].includes(objectRef?.resource ?? '') &&
      (objectRef?.name === name || objectRef?.name?.startsWith(`${name}-`)),
  );
}

// On kind the audit log is inside of its node.
test.skipIf(isKind)(
  'a session is made and paired with at most 6 writes of the operator, none of them a conflict',
  async () => {
    const world = await aWorld();
    await world.startPaired('first'); // With it the namespace gets the operator's CA, once.
    await world.startPaired('second');
    const about = writesAbout(await auditOf(world), 'second').map(told);
    console.log(`Writes from create to Ready, with pairing: ${about.length}\n  ${about.join('\n  ')}`);
    expect(about.length).toBeLessThanOrEqual(6);
    expect(about.filter((each) => each.endsWith('409'))).toEqual([]);
  },
);

/** What the tests before have left goes on being removed for some time. */
const untilIdle = () =>
  waitUntil('an idle cluster', 90_000, async () => {
    const phases = await kubectl(['get', 'namespaces', '--output=jsonpath={.items[*].status.phase}']);
    return phases.includes('Terminating') ? { seen: phases } : { value: undefined };
  });

/** Milliseconds between two sessions: what the end of the one before sets going is over by then. */
const betweenSessionsMs = 200;

test.skipIf(isKind)('the pod of a session is made within milliseconds of the session', async () => {
  await untilIdle();
  const world = await aWorld();
  const count = 50; // Node compiles what runs often: the first sessions after a start of the operator are slower.
  // Its pods cost the node nothing.
  const nowhere = { pod: { nodeSelector: { 'example.com/nowhere': 'yes' } }, webhooks: [] };
  for (let index = 0; index < count; index++) {
    const name = `quick-${index}`;
    await world.start(name, nowhere);
    await pace(betweenSessionsMs); // An idle cluster is meant: no look of this test's own may fall into what is measured.
    await world.untilPod(name, 'that is made', () => true);
    await world.remove(name); // Claims that wait for a node would keep the volume controller busy.
    await world.untilGone(name);
    await pace(betweenSessionsMs);
  }
  const made = delays(await auditOf(world));
  const p50 = (some: readonly number[]) => some.toSorted((a, b) => a - b)[Math.floor(some.length / 2)]?.toFixed(1);
  console.log(
    `From a session's create to its pod's, p50: ${p50(made.slice(-20))} ms once the operator is warm (wanted: below 10 ms), ` +
      `${p50(made.slice(0, 20))} ms for its first 20 sessions`,
  );
  expect(made).toHaveLength(count);
});

/** Milliseconds from the answer to a session's create to the request for its pod, in the order of the pods. */
function delays(events: readonly AuditEvent[]): number[] {
  const created = (resource: string, name?: string) =>
    events.find(
      ({ verb, objectRef }) => verb === 'create' && objectRef?.resource === resource && objectRef.name === name,
    );
  return events
    .filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'pods' && !objectRef.subresource)
    .flatMap((pod) => {
      const session = created('whatsappsessions', pod.objectRef?.name);
      return session ? [microseconds(pod.requestReceivedTimestamp) - microseconds(session.stageTimestamp)] : [];
    })
    .map((delay) => delay / 1000);
}

/** The log has six decimals of a second, Date three. */
function microseconds(timestamp: string): number {
  const [, fraction = '0'] = /\.(\d+)Z$/.exec(timestamp) ?? [];
  return Date.parse(timestamp.replace(/\.\d+Z$/, 'Z')) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
