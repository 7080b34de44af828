import { createAdminClient } from '../admin-http/admin-client.ts';
import type { FaultKind } from './faults.ts';
import type { ReceivedMessage } from './inbox.ts';
import type { Login } from './login-log.ts';

export type { FaultKind } from './faults.ts';
export type { ReceivedMessage } from './inbox.ts';
export type { Login } from './login-log.ts';

export type Phone = ReturnType<typeof createPhone>;

/**
 * Plays the phones, their contacts and the network of a stand-in. Phone numbers are 5 to 15 digits without "+".
 * Every call has 10 s, and rejects with an AdminApiError that tells what the stand-in said.
 */
export function createPhone({ baseUrl }: { baseUrl: string }) {
  const admin = createAdminClient(baseUrl);
  return {
    /** Scans the QR that a session shows, as the phone with this number. The session then closes with 515 and logs in. */
    scan: (qr: string, phone: string) => admin.post<{ device: string }>('/admin/scan', { qr, phone }),
    /** Lets a contact write to the session of `to`; waits for its login when it is away. */
    deliver: (message: { to: string; from: string; text: string }) =>
      admin.post<{ id: string }>('/admin/deliver', message),
    /** What the session of this phone has sent, as its contacts decrypted it; oldest first. */
    inbox: (phone: string) => admin.get<ReceivedMessage[]>(`/admin/inbox?phone=${phone}`),
    /** Causes a fault; `refuse`, `mute-logins`, `fail-logins` and `accept` are for everyone when no phone is named. */
    fault: async (kind: FaultKind, phone?: string, argument?: number): Promise<void> => {
      await admin.post('/admin/fault', { kind, phone, argument });
    },
    /** Every login of this phone's devices, oldest first. */
    connections: (phone: string) => admin.get<Login[]>(`/admin/connections?phone=${phone}`),
    /** 64 hexadecimal digits, for WHATSAPP_ROOT_PUBLIC_KEY of a session pod. */
    rootPublicKey: async () => (await admin.get<{ publicKey: string }>('/admin/root-key')).publicKey,
  };
}
