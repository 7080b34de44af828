import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A pod, of which what discovery reads. */
export interface DiscoverablePod {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: { readonly phase?: string; readonly podIP?: string };
}

/** Tells a Prometheus of pods. */
export interface PodDiscovery {
  /** For `http_sd_configs`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Discovers pods in the place of Prometheus' own `kubernetes_sd_configs`, which Debian leaves out of its build. Targets have
 * the labels that those have, so whoever relabels them cannot tell the difference.
 * @param pods looks them up, at each time that Prometheus asks
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod
 */
export async function startPodDiscovery(pods: () => Promise<readonly DiscoverablePod[]>): Promise<PodDiscovery> {
  const answer = async (response: ServerResponse) => {
    try {
      const targets = (await pods()).flatMap(targetOf);
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(targets));
    } catch (error) {
      response.writeHead(502).end(String(error)); // Prometheus logs it, and keeps what it knew.
    }
  };
  const server = createServer((_request, response) => void answer(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pods`,
    async close() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

/** A pod without an address is no target yet. */
function targetOf({ metadata, status }: DiscoverablePod) {
  const { podIP, phase = '' } = status ?? {};
  if (podIP === undefined) return [];
  const annotations = Object.entries(metadata.annotations ?? {}).map(
    ([name, value]) => [`__meta_kubernetes_pod_annotation_${name.replace(/\W/g, '_')}`, value] as const,
  );
  const labels = {
    __meta_kubernetes_namespace: metadata.namespace,
    __meta_kubernetes_pod_name: metadata.name,
    __meta_kubernetes_pod_ip: podIP,
    __meta_kubernetes_pod_phase: phase,
    ...Object.fromEntries(annotations),
  };
  return [{ targets: [podIP], labels }];
}
