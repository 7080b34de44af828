import type { SessionEndResource } from './generated/session-end.ts';
import type { ObjectMeta } from './object-meta.ts';

/** The durable record of the end of one run. */
export type SessionEnd = SessionEndResource & { metadata: ObjectMeta };
export type SessionEndSpec = SessionEndResource['spec'];
export type SessionEndStatus = NonNullable<SessionEndResource['status']>;
export type Sink = NonNullable<SessionEndSpec['sinks']>[number];
export type Delivery = NonNullable<SessionEndStatus['deliveries']>[number];
