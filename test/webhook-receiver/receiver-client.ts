import { createAdminClient } from '../admin-http/admin-client.ts';
import type { Behaviour } from './behaviour.ts';
import type { ReceivedRequest } from './received-requests.ts';

export type { Behaviour } from './behaviour.ts';
export type { ReceivedRequest } from './received-requests.ts';

export type Receiver = ReturnType<typeof createReceiver>;

/** Asks a webhook receiver what it got, and tells it how to answer. Every call has 10 s and rejects with an AdminApiError. */
export function createReceiver({ baseUrl }: { baseUrl: string }) {
  const admin = createAdminClient(baseUrl);
  const received = (path?: string) => `/admin/received${path === undefined ? '' : `?path=${encodeURIComponent(path)}`}`;
  return {
    /** What came in on this path, or on all; oldest first. */
    received: (path?: string) => admin.get<ReceivedRequest[]>(received(path)),
    forget: async (path?: string): Promise<void> => {
      await admin.remove(received(path));
    },
    /** How the path answers from now on; `{ kind: 'status' }` is 200 again. */
    behave: async (path: string, behaviour: Behaviour): Promise<void> => {
      await admin.post('/admin/behaviour', { path, ...behaviour });
    },
    /** Adds a secret to verify signatures with; requests verified by it have `verifiedBy: place`. */
    trust: (secret: string) => admin.post<{ place: number }>('/admin/secrets', { secret }),
  };
}
