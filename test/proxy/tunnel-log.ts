import { createAdminClient } from '../admin-http/admin-client.ts';
import type { Tunnel } from './start-http-proxy.ts';

export type { Tunnel } from './start-http-proxy.ts';
export type TunnelLog = ReturnType<typeof createTunnelLog>;

/** Asks a proxy what it was asked for. Every call has 10 s and rejects with an AdminApiError. */
export function createTunnelLog({ baseUrl }: { baseUrl: string }) {
  const admin = createAdminClient(baseUrl);
  return {
    /** Oldest first. */
    of: (username: string) => admin.get<Tunnel[]>(`/admin/tunnels?username=${encodeURIComponent(username)}`),
  };
}
