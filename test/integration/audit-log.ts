import { readFile } from 'node:fs/promises';
import type { ObjectMeta } from '@berth/operator/resource/object-meta.ts';

/** The part of an object in an audit event that is judged. */
export interface AuditedObject {
  readonly kind?: string;
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** What a deletion asked for. */
export interface AuditedDeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string };
}

/** One request that the API server has answered, in its own words: audit.k8s.io/v1 Event, cut to what is judged. */
export interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly requestReceivedTimestamp: string;
  /** When the answer was complete. */
  readonly stageTimestamp: string;
  readonly stage: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestObject?: AuditedObject & AuditedDeleteOptions;
  readonly responseObject?: AuditedObject;
}

/** Reads an audit log: its finished requests, in the order in which they were answered. */
export async function readAuditLog(path: string): Promise<AuditEvent[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  lines.pop(); // What follows the last line end is empty, or a line that is just being written.
  return lines
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ stage }) => stage === 'ResponseComplete')
    .sort((a, b) => (a.stageTimestamp < b.stageTimestamp ? -1 : 1));
}
