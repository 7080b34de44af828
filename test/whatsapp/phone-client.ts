import { createAdminClient } from '../admin-http/admin-client.ts';
import type { ReceivedMessage } from '../stand-ins/inbox.ts';
import type { Login } from '../stand-ins/login-log.ts';
import type { WebFaultKind } from '../whatsapp-web/faults.ts';
import type { FaultKind } from './faults.ts';

export type { ReceivedMessage } from '../stand-ins/inbox.ts';
export type { Login } from '../stand-ins/login-log.ts';
export type { WebFaultKind } from '../whatsapp-web/faults.ts';
export type { FaultKind } from './faults.ts';

/** A message that a contact sends. */
export interface Delivery {
  /** The phone number of the session. */
  readonly to: string;
  readonly from: string;
  /** Of a file its caption, which may be left out. */
  readonly text?: string;
  readonly media?: { readonly mimetype: string; readonly fileName?: string; readonly data: Uint8Array };
}

export type Phone = ReturnType<typeof createPhone>;

/**
 * Plays the phones, their contacts and the network of a stand-in. Phone numbers are 5 to 15 digits without "+".
 * Every call has 10 s, and rejects with an AdminApiError that tells what the stand-in said.
 */
export function createPhone({ baseUrl }: { baseUrl: string }) {
  const admin = createAdminClient(baseUrl);
  return {
    /** Scans the QR that a session shows, as the phone with this number. Baileys is then sent a 515 and logs in anew. */
    scan: (qr: string, phone: string) => admin.post<{ device: string }>('/admin/scan', { qr, phone }),
    /** Types in the code that a session shows for this number, as its owner does. The session then goes on as after a scan. */
    enterCode: (code: string, phone: string) => admin.post<{ device: string }>('/admin/enter-code', { code, phone }),
    /** Lets a contact write to the session of `to`; waits for its login when it is away. */
    deliver: ({ media, ...message }: Delivery) =>
      admin.post<{ id: string }>('/admin/deliver', {
        ...message,
        ...(media ? { media: { ...media, data: Buffer.from(media.data).toString('base64') } } : {}),
      }),
    /** Lets the contact that the session of this phone wrote to read the message with this id. */
    read: async (phone: string, id: string): Promise<void> => {
      await admin.post('/admin/read', { phone, id });
    },
    /** What the session of this phone has sent, as its contacts decrypted it; oldest first. */
    inbox: (phone: string) => admin.get<ReceivedMessage[]>(`/admin/inbox?phone=${phone}`),
    /**
     * Causes a fault. Without a phone those of logins and `accept` are everyone's; faults of the site take no phone, and
     * those of a connection need one.
     */
    fault: async (kind: FaultKind | WebFaultKind, phone?: string, argument?: number): Promise<void> => {
      await admin.post('/admin/fault', { kind, phone, argument });
    },
    /** Every login of this phone's devices, oldest first. */
    connections: (phone: string) => admin.get<Login[]>(`/admin/connections?phone=${phone}`),
    /** Only of the stand-in for the site: base64, for Chromium's `--ignore-certificate-errors-spki-list`. */
    spki: async () => (await admin.get<{ spki: string }>('/admin/spki')).spki,
    /** 64 hexadecimal digits, for WHATSAPP_ROOT_PUBLIC_KEY of a session pod. */
    rootPublicKey: async () => (await admin.get<{ publicKey: string }>('/admin/root-key')).publicKey,
    /** In PEM: what a session has to trust to send and get files; see `trustingOnly`. */
    mediaAuthority: async () => (await admin.get<{ certificate: string }>('/admin/media-authority')).certificate,
  };
}
