import { BerthError } from '@berth/protocol';
import type { KubernetesClient } from '../kubernetes/client.ts';

/** A write was about to be made by a replica that does not lead any more. */
export class NotLeadingError extends BerthError {
  readonly code = 'NOT_LEADING';
  readonly retryable = false;

  constructor(method: string, path: string) {
    super(`Cannot ${method} "${path}": this replica does not hold the Lease any more; leave it to the one that does`);
  }
}

/**
 * The client of what only the leader does: each write asks first. After a pause of the process (SIGSTOP, a frozen machine)
 * the end of the Lease is known at once, while the signal that tells of it comes later.
 */
export function leadersClient(client: KubernetesClient, isLeader: () => boolean): KubernetesClient {
  return {
    ...client,
    async request<T>(request: Parameters<KubernetesClient['request']>[0]): Promise<T> {
      if (request.method !== 'GET' && !isLeader()) throw new NotLeadingError(request.method, request.path);
      return client.request<T>(request);
    },
  };
}
