import { path } from '@berth/operator/resource/names.ts';
import { expect, test } from 'vitest';
import { wedge } from '../deployment/wedge.ts';
import { aWorld } from './a-world.ts';

/** As `kubectl drain` does for each pod of a node. */
const evictionOf = (namespace: string, name: string) => ({
  method: 'POST' as const,
  path: `${path.pod(namespace, name)}/eviction`,
  body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } },
});

test.each([
  { name: 'calm', how: 'at rest', spoil: undefined },
  { name: 'wedged', how: 'wedged', spoil: wedge },
])(
  'a session $how that is evicted ends as evicted, once and within the grace, and comes back without a new QR',
  async ({ name, spoil }) => {
    const world = await aWorld();
    const { runUid } = await world.startPaired(name);
    await spoil?.(world.namespace, name);
    const startedAtMs = performance.now();
    await world.client.request(evictionOf(world.namespace, name));
    await world.untilPodGone(name, runUid);
    console.log(`An evicted pod (${name}) was gone in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);

    const [end, ...others] = await world.untilEnds(name, 1);
    expect(others).toEqual([]);
    expect(end?.spec).toMatchObject({ reason: 'evicted', run: { uid: runUid }, terminationConfirmed: true });
    const received = await world.untilReceivedEnds(name, 1);
    expect(received.map(({ event, isSigned }) => [event.id, event.data.reason, isSigned])).toEqual([
      [runUid, 'evicted', true],
    ]);
    await world.untilReady(name, runUid);
    expect(await world.states(name)).not.toContain('waiting_for_pairing');
  },
);
