import type { Bounds } from './bounds.ts';
import { type LostNode, lostNodeOf, podOf } from './objects.ts';
import { deletePod } from './pod-deletion.ts';
import type { Step } from './step.ts';
import { change, isCutOff, type World } from './world.ts';

/** What goes on with a node that cannot be reached, and on it. Nothing of that is sure to happen. */
export function lostNodeSteps(world: World, { lagging }: Bounds): Step[] {
  const { node, pod } = world.api;
  if (node === undefined) return [];
  const steps: Step[] = [];
  const add = (label: string, next: World) => steps.push({ label, hope: 'none', world: next });
  const become = (state: LostNode['state']) => change(world, 'node', lostNodeOf(node.of, state), 'others', lagging);

  // Its kubelet then ends what has no object any more.
  const back = { ...world, presumed: world.presumed & ~(1 << node.of) };
  add('the lost node comes back', change(back, 'node', undefined, 'others', lagging));
  if (node.state === 'not ready') {
    add("the lost node's object is deleted", become('deleted'));
    add('somebody declares the lost node out of service', become('out of service'));
  }
  if (pod === undefined || !isCutOff(world)) return steps;

  // The kubelet may have known the pod before, and goes on without the API server.
  if (world.process === 'none' && (pod.container === 'none' || pod.container === 'given up'))
    add('the process starts on the lost node', { ...world, process: 'alive' });
  if (world.process === 'alive') add('the process ends on the lost node', { ...world, process: 'ended' });
  if (node.state === 'not ready') {
    if (pod.deletion === 'none')
      add('the node controller deletes the pod', deletePod(world, 'graceful', 'others', lagging));
    return steps;
  }
  const failed =
    pod.container === 'none'
      ? change(world, 'pod', podOf({ ...pod, container: 'given up' }), 'others', lagging)
      : world;
  const collected = deletePod(failed, 'at once', 'others', lagging);
  if (collected.api.pod !== pod) add('the pod garbage collector deletes the pod', collected);
  return steps;
}
