import type { Sink } from '../resource/session-end.ts';

/** A sink that hears of every end, by the operator's configuration. */
export interface ClusterSink {
  readonly url: string;
  /** In the operator's namespace; without it the operator's own key signs. */
  readonly secretRef?: { readonly name: string; readonly key: string };
}

/**
 * The sink of the configuration that a record means. Records and the annotations they are made of can be written by others
 * than Berth: such a mark alone must neither sign with a key of the operator's namespace nor reach its Services.
 */
export function clusterSinkOf({ url, cluster }: Sink, configured: readonly ClusterSink[]): ClusterSink | undefined {
  return cluster === true ? configured.find((each) => each.url === url) : undefined;
}
