import type { KubernetesClient } from '../kubernetes/client.ts';
import { isAlreadyExists, isNamespaceTerminating } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import type { Action } from '../plan/action.ts';
import type { Observed, ObservedSessionEnd } from '../plan/observed.ts';
import type { EventRecorder } from '../publish/events.ts';
import {
  apiVersion,
  deliveryFinalizer,
  managedByLabel,
  managedByValue,
  path,
  sessionLabel,
} from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';

type CreateSessionEnd = Extract<Action, { type: 'CreateSessionEnd' }>;

/** Records ends. The name is made of the run's uid, so a second creation is refused, and that is success. */
export function createSessionEnds(dependencies: {
  readonly client: KubernetesClient;
  readonly sessionEnds: SlimCache<ObservedSessionEnd>;
  readonly events: EventRecorder;
  readonly operatorNamespace: string;
  readonly onCreated: (action: CreateSessionEnd) => void;
  readonly log: Log;
}) {
  const { client, sessionEnds, events, operatorNamespace, onCreated, log } = dependencies;

  async function createIn(namespace: string, { name, spec }: CreateSessionEnd, signal: AbortSignal): Promise<boolean> {
    const undelivered = (spec.sinks?.length ?? 0) > 0;
    const body = {
      apiVersion,
      kind: 'SessionEnd',
      metadata: {
        name,
        namespace,
        labels: { [managedByLabel]: managedByValue, [sessionLabel]: spec.session.name },
        ...(undelivered ? { finalizers: [deliveryFinalizer] } : {}),
      },
      spec,
    };
    try {
      sessionEnds.absorb(await client.request({ method: 'POST', path: path.sessionEnds(namespace), body, signal }));
      return true;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      sessionEnds.absorb(await client.request({ method: 'GET', path: path.sessionEnd(namespace, name), signal }));
      return false;
    }
  }

  return {
    async create({ namespace }: Observed, action: CreateSessionEnd, signal: AbortSignal): Promise<void> {
      const { session, run, reason, message } = action.spec;
      let created: boolean;
      try {
        created = await createIn(namespace, action, signal);
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
        created = await createIn(operatorNamespace, action, signal); // Nothing can be created where everything goes.
      }
      if (!created) return;
      log.info('Session end recorded', { session: `${session.namespace}/${session.name}`, run: run.uid, reason });
      events.record(
        session,
        reason === 'crashed' || reason === 'unknown' ? 'Warning' : 'Normal',
        'SessionEnd',
        `${reason}: ${message}`,
      );
      onCreated(action);
    },
  };
}
export type SessionEnds = ReturnType<typeof createSessionEnds>;
