import type { Observed } from '../plan/observed.ts';
import { unconfirmedKill } from '../plan/unconfirmed-kill.ts';
import type { EventRecorder } from './events.ts';

/** Runs whose unconfirmed kill was told that are remembered; beyond, the oldest is told again, which its name prevents. */
const rememberedAtMost = 1024;

/** Tells of a force-kill that is not confirmed in time, in one Warning a run. */
export function tellUnconfirmedKills({ events }: { readonly events: EventRecorder }): (observed: Observed) => void {
  const told = new Set<string>();
  return (observed) => {
    const { namespace, name, session, pod } = observed;
    const message = unconfirmedKill(observed);
    if (message === undefined || session === undefined || pod === undefined || told.has(pod.uid)) return;
    told.add(pod.uid);
    if (told.size > rememberedAtMost) told.delete(told.values().next().value ?? '');
    const subject = { namespace, name, uid: session.uid };
    events.record(subject, 'Warning', 'ForceKillUnconfirmed', message, { once: `${pod.uid}.unconfirmed` });
  };
}
