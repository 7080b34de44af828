import type { Sink } from '../resource/session-end.ts';
import type { WhatsAppSessionSpec } from '../resource/whatsapp-session.ts';

/** What the CRD takes: a record that it refuses would keep a dead pod. A spec names 8, the configuration 8. */
const sinksAtMost = 16;

/**
 * All who want to hear of an end. Those of the cluster come first: a session that names the same URL must not change whose
 * key signs. How they are signed to, the configuration says at each attempt; the record holds nothing of it.
 */
export function withClusterSinks(sinks: readonly Sink[], clusterSinks: readonly string[]): Sink[] {
  const own = sinks.filter(({ url }) => !clusterSinks.includes(url)).map(({ url, secretRef }) => sink(url, secretRef));
  return [...clusterSinks.map((url) => ({ url, cluster: true })), ...own].slice(0, sinksAtMost);
}

/** The sinks of a session's ends, as its spec names them. */
export function sinksOf(spec: WhatsAppSessionSpec): Sink[] {
  return (spec.webhooks ?? [])
    .filter(({ events }) => events.includes('session_end'))
    .map(({ url, secretRef }) => sink(url, secretRef));
}

const sink = (url: string, secretRef: Sink['secretRef']): Sink => ({
  url,
  ...(secretRef === undefined ? {} : { secretRef }),
});
