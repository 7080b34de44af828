import { podOf, saysDead } from './objects.ts';
import { change, type World, type Writer, withoutPod } from './world.ts';

/**
 * What the API server does with a DELETE of the pod that is there. One that has no node, or whose phase is final, gets no
 * grace, whatever was asked for; a grace is never made longer; without a finalizer and a grace the object goes at once.
 */
export function deletePod(world: World, asked: 'graceful' | 'at once', writer: Writer, lagging: number): World {
  const { pod } = world.api;
  if (pod === undefined) return world;
  const deletion = asked === 'at once' || !pod.bound || saysDead(pod) ? 'at once' : 'graceful';
  if (pod.deletion === 'at once' || pod.deletion === deletion) return world;
  if (deletion === 'at once' && !pod.finalizer) return withoutPod(world, writer, lagging);
  return change(world, 'pod', podOf({ ...pod, deletion }), writer, lagging);
}

/** Takes our finalizer off the pod: with a deletion that has no grace any more, the object goes. */
export function releasePod(world: World, writer: Writer, lagging: number): World {
  const { pod } = world.api;
  if (pod === undefined) return world;
  if (pod.deletion === 'at once') return withoutPod(world, writer, lagging);
  return change(world, 'pod', podOf({ ...pod, finalizer: false }), writer, lagging);
}
