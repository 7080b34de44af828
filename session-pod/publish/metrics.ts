import type { SessionState } from '@berth/protocol';
import { sessionStates } from '@berth/protocol';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export interface Metrics {
  /** Shows the state and counts the connections lost since the last call. */
  readonly showSession: (session: { readonly state: SessionState; readonly reconnects: number }) => void;
  readonly countMessage: (direction: 'in' | 'out') => void;
  /** Prometheus text, and its content type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** The pod's own metrics and those of its process. */
export function createMetrics(): Metrics {
  const registers = [new Registry()] as const;
  const [registry] = registers;
  collectDefaultMetrics({ register: registry });
  const state = new Gauge({
    name: 'berth_session_connection_state',
    help: '1 for the state the session is in, 0 for every other.',
    labelNames: ['state'],
    registers: [...registers],
  });
  const reconnects = new Counter({
    name: 'berth_session_reconnects_total',
    help: 'Connections to WhatsApp that were logged in and got lost.',
    registers: [...registers],
  });
  const messages = new Counter({
    name: 'berth_session_messages_total',
    help: 'Messages that arrived (in) or were handed to WhatsApp (out).',
    labelNames: ['direction'],
    registers: [...registers],
  });
  let counted = 0;
  for (const direction of ['in', 'out']) messages.inc({ direction }, 0);
  return {
    showSession(session) {
      for (const each of sessionStates) state.set({ state: each }, each === session.state ? 1 : 0);
      reconnects.inc(session.reconnects - counted);
      counted = session.reconnects;
    },
    countMessage: (direction) => messages.inc({ direction }),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
