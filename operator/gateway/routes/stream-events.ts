import { z } from 'zod';
import type { ObservedSession } from '../../plan/observed.ts';
import { sessionKey } from '../../resource/names.ts';
import { endedRun } from '../ended-run.ts';
import type { EventStreams } from '../event-stream.ts';
import { gatewayRoute } from '../gateway-route.ts';
import { notFound } from '../perform-action.ts';
import { noQuery, sessionParameters } from '../schemas.ts';
import type { SessionFollowers } from '../session-followers.ts';

/** `GET …/sessions/{name}/events` */
export function streamEventsRoute({
  streams,
  followers,
  findSession,
}: {
  readonly streams: EventStreams;
  readonly followers: SessionFollowers;
  readonly findSession: (key: string) => ObservedSession | undefined;
}) {
  return gatewayRoute({
    method: 'get',
    path: '/api/v1/namespaces/{namespace}/sessions/{name}/events',
    operationId: 'streamEvents',
    summary: 'Watch a session',
    description:
      'The session as it is, then at each change (`session`), and each end of a run (`session_end`), until it is `gone`.',
    permission: { verb: 'watch', resource: 'whatsappsessions' },
    parameters: sessionParameters,
    query: noQuery,
    answers: {
      200: {
        description: 'Server-sent events. The data of each is JSON.',
        content: {
          'text/event-stream': z.string().meta({ description: 'Events `session`, `session_end` and `gone`.' }),
        },
      },
    },
    problems: ['NOT_FOUND', 'TOO_MANY'],
    async handle({ caller, parameters: { namespace, name }, signal }) {
      const key = sessionKey(namespace, name);
      if (findSession(key) === undefined) throw notFound(key);
      return streams.open(caller, signal, (stream) => {
        let last = findSession(key);
        if (last !== undefined) stream.send('session', seen(last));
        const stop = followers.follow(key, (now) => {
          if (now === undefined || now.uid !== last?.uid) {
            stream.send('gone', {});
            return stream.end();
          }
          const end = endedRun(last, now);
          if (end !== undefined) stream.send('session_end', end);
          stream.send('session', seen(now));
          last = now;
        });
        stream.signal.addEventListener('abort', stop, { once: true });
      });
    },
  });
}

/** What a watcher is told of a session. */
function seen({ namespace, name, uid, generation, spec, status }: ObservedSession) {
  return {
    namespace,
    name,
    uid,
    generation,
    engine: spec.engine,
    desiredState: spec.desiredState ?? 'Running',
    status,
  };
}
