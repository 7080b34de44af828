import type { Sink } from '../resource/session-end.ts';
import type { WhatsAppSessionSpec } from '../resource/whatsapp-session.ts';

/** The sinks of a session's ends, as its spec names them. */
export function sinksOf(spec: WhatsAppSessionSpec): Sink[] {
  return (spec.webhooks ?? [])
    .filter(({ events }) => events.includes('session_end'))
    .map(({ url, secretRef }) => ({ url, ...(secretRef === undefined ? {} : { secretRef }) }));
}
