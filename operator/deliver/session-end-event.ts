import type { SessionEndEvent } from '@berth/protocol';
import type { SessionEndSpec } from '../resource/session-end.ts';

/** The CloudEvent that tells of an end: the same text on every attempt. */
export function sessionEndEvent(spec: SessionEndSpec): SessionEndEvent {
  const { session, run, account, sinks: _, requestedBy: __, ...told } = spec;
  return {
    specversion: '1.0',
    id: run.uid,
    type: 'session_end',
    source: `/berth/namespaces/${session.namespace}/sessions/${session.name}`,
    time: spec.endedAt,
    datacontenttype: 'application/json',
    data: { session, run, ...(account === undefined ? {} : { account }), ...told },
  };
}
