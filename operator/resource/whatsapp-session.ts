import type { WhatsAppSessionResource } from './generated/whatsapp-session.ts';
import type { ObjectMeta } from './object-meta.ts';

/** One linked device, as the API server stores it. */
export type WhatsAppSession = WhatsAppSessionResource & { metadata: ObjectMeta };
export type WhatsAppSessionSpec = WhatsAppSessionResource['spec'];
export type WhatsAppSessionStatus = NonNullable<WhatsAppSessionResource['status']>;
export type Phase = NonNullable<WhatsAppSessionStatus['phase']>;
export type Condition = NonNullable<WhatsAppSessionStatus['conditions']>[number];
export type RunStatus = NonNullable<WhatsAppSessionStatus['run']>;
export type ReportStatus = NonNullable<WhatsAppSessionStatus['report']>;
export type Webhook = NonNullable<WhatsAppSessionSpec['webhooks']>[number];
export type DesiredState = NonNullable<WhatsAppSessionSpec['desiredState']>;
export type Engine = WhatsAppSessionSpec['engine'];
