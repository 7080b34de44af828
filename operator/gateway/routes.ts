import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Log } from '../kubernetes/log.ts';
import type { ObservedPod, ObservedSession } from '../plan/observed.ts';
import type { SessionPodClient } from '../pods/session-pod-client.ts';
import type { EventRecorder } from '../publish/events.ts';
import { namespaceAndName } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import { forceKill, forceKillOutcomes } from './actions/force-kill.ts';
import { restart, restartOutcomes } from './actions/restart.ts';
import { start, startOutcomes } from './actions/start.ts';
import { stop, stopOutcomes } from './actions/stop.ts';
import { createAudit } from './audit.ts';
import { createCodeFeed } from './code-feed.ts';
import { createEventStreams } from './event-stream.ts';
import type { AnyGatewayRoute } from './gateway-route.ts';
import { createLiveCodes } from './live-codes.ts';
import { createPerformAction } from './perform-action.ts';
import { actionRoute } from './routes/action-route.ts';
import { createSessionRoute } from './routes/create-session.ts';
import { deleteSessionRoute } from './routes/delete-session.ts';
import { getPairingCodeRoute } from './routes/get-pairing-code.ts';
import { getQrRoute } from './routes/get-qr.ts';
import { getSessionRoute } from './routes/get-session.ts';
import { listEndsRoute } from './routes/list-ends.ts';
import { listSessionsRoutes } from './routes/list-sessions.ts';
import { streamEventsRoute } from './routes/stream-events.ts';
import { followSessions } from './session-followers.ts';

export interface GatewayParts {
  readonly client: Pick<KubernetesClient, 'request' | 'nowMs'>;
  readonly sessions: SlimCache<ObservedSession>;
  readonly pods: Pick<SlimCache<ObservedPod>, 'get'>;
  readonly sessionPods: Pick<SessionPodClient, 'fetchQr' | 'fetchPairingCode'>;
  readonly events: EventRecorder;
  readonly log: Log;
}

/** All routes of the gateway, in the order of its documentation. */
export function gatewayRoutes({
  client,
  sessions,
  pods,
  sessionPods,
  events,
  log,
}: GatewayParts): readonly AnyGatewayRoute[] {
  const audit = createAudit({ events, log });
  const followers = followSessions(sessions);
  const streams = createEventStreams();
  const findSession = (key: string) => sessions.get(key);
  const codes = createLiveCodes({ sessionPods, findSession, findPod: (key) => pods.get(key) });
  const feed = createCodeFeed({
    followers,
    fetch(key, signal) {
      const { namespace, name } = namespaceAndName(key);
      return codes.qr(namespace, name, signal);
    },
  });
  const performAction = createPerformAction({ client, sessions, followers, audit, log });
  return [
    ...listSessionsRoutes(client),
    createSessionRoute({ client, audit }),
    getSessionRoute(client),
    deleteSessionRoute({ client, audit }),
    actionRoute(performAction, start, {
      words: startOutcomes,
      summary: 'Start a session',
      description:
        'Also one that Berth has given up, for instance because nobody scanned its code. Asking twice is asking once.',
      done: 'It has a run.',
      underWay: 'It is to run, and has no run yet.',
    }),
    actionRoute(performAction, stop, {
      words: stopOutcomes,
      summary: 'Stop a session gracefully',
      description: 'It stays down until it is started. Asking twice is asking once.',
      done: 'It has no run.',
      underWay: 'Its run is ending.',
    }),
    actionRoute(performAction, restart, {
      words: restartOutcomes,
      summary: 'Restart a session gracefully',
      description: 'While a restart is under way, asking again joins it.',
      done: 'It has another run.',
      underWay: 'The run before is ending, or the next is not there yet.',
    }),
    actionRoute(performAction, forceKill, {
      words: forceKillOutcomes,
      summary: 'End a session at once',
      description:
        'For one that hangs: it ends whatever its process does, and no other session notices. It stays down until it is started. Asking twice is asking once.',
      done: 'Its run is dead, or there was none.',
      underWay: 'Its death is not confirmed yet. The kill goes on.',
    }),
    getQrRoute({ codes, feed, streams }),
    getPairingCodeRoute(codes),
    listEndsRoute(client),
    streamEventsRoute({ streams, followers, findSession }),
  ];
}
