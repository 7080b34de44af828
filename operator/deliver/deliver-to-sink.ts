import { createOutbound, type OutboundOptions } from '@berth/protocol/outbound';
import { webhookHeaders } from '@berth/protocol/webhook-signature';
import type { SessionEnd, Sink } from '../resource/session-end.ts';
import { type ClusterSink, clusterSinkOf } from './cluster-sinks.ts';
import { SinkRefusedError } from './errors.ts';
import { sessionEndEvent } from './session-end-event.ts';
import type { SigningKeys } from './signing-keys.ts';

/**
 * Tells one sink of one end, once. It resolves when the sink has taken it, which is an answer of 2xx.
 * @param onStandIn called before the post when the sink's key is gone and the operator's own key signs
 * @throws {BerthError} it has not, or not in time; what is so is short and without the URL's query
 */
export type DeliverToSink = (
  end: Pick<SessionEnd, 'spec'>,
  sink: Sink,
  signal: AbortSignal,
  onStandIn?: (missing: string) => void,
) => Promise<void>;

export interface DeliverToSinkOptions extends Pick<OutboundOptions, 'ca' | 'resolve'> {
  readonly keys: SigningKeys;
  readonly operatorNamespace: string;
  readonly clusterSinks?: readonly ClusterSink[];
  /** CIDRs of private addresses that may be reached. */
  readonly allow: readonly string[];
  /** The API server's addresses, which may never be. */
  readonly never: readonly string[];
  /** Of one attempt, in milliseconds. */
  readonly timeoutMs: number;
  readonly nowMs: () => number;
}

/** Creates the delivery: a CloudEvent in structured mode, signed by the Standard Webhooks scheme. */
export function createDeliverToSink(options: DeliverToSinkOptions): DeliverToSink {
  const { operatorNamespace, clusterSinks = [], keys, allow, never, timeoutMs, nowMs, ca, resolve } = options;

  return async function deliverToSink(end, sink, signal, onStandIn) {
    const { key, standsInFor } = await keys.keyFor(end, sink, signal);
    if (standsInFor !== undefined) onStandIn?.(standsInFor);
    const isClusters = clusterSinkOf(sink, clusterSinks) !== undefined;
    const namespace = isClusters ? operatorNamespace : end.spec.session.namespace;
    const body = JSON.stringify(sessionEndEvent(end.spec));
    const signature = webhookHeaders(key, { id: end.spec.run.uid, atMs: nowMs(), body });
    // A connection of its own: which addresses are allowed depends on the namespace, and ends are rare.
    const outbound = createOutbound({
      policy: { allow, never, namespace },
      ...(ca === undefined ? {} : { ca }),
      ...(resolve === undefined ? {} : { resolve }),
    });
    try {
      const headers = { 'content-type': 'application/cloudevents+json', 'user-agent': 'berth', ...signature };
      const { status } = await outbound.post({ url: sink.url, headers, body, timeoutMs, signal });
      if (status < 200 || status > 299) throw new SinkRefusedError(status);
    } finally {
      await outbound.close();
    }
  };
}
