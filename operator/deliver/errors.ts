import { STATUS_CODES } from 'node:http';
import { BerthError } from '@berth/protocol';

/** What an error says in a status field: short, without the URL and without anything that a receiver wrote. */
export interface Told {
  readonly what: string;
}

/** A sink answered, and not with 2xx. */
export class SinkRefusedError extends BerthError implements Told {
  readonly code = 'SINK_REFUSED';
  readonly retryable = true;
  readonly what: string;
  constructor(status: number) {
    const line = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
    super(`Cannot deliver a session_end: the sink answered ${line}; mend the receiver`);
    this.what = line;
  }
}

/** The key with which a sink wants to be signed to does not exist. */
export class SinkKeyMissingError extends BerthError implements Told {
  readonly code = 'SINK_KEY_MISSING';
  readonly retryable = true;
  readonly what: string;
  constructor(namespace: string, { name, key }: { readonly name: string; readonly key: string }) {
    const what = `there is no key "${key}" in a Secret "${name}"`;
    super(`Cannot sign a session_end: ${what} in the namespace "${namespace}"; create it`);
    this.what = what;
  }
}

/** Longest text of a `lastError`, in characters. */
const toldLimit = 200;

/** What a failed delivery says in `lastError`. */
export function toldOf(error: unknown): string {
  const what = error instanceof Error && 'what' in error && typeof error.what === 'string' ? error.what : undefined;
  const text = what ?? (error instanceof BerthError ? error.message : 'the operator failed, see its log');
  return text.length <= toldLimit
    ? text
    : `${Array.from(text)
        .slice(0, toldLimit - 1)
        .join('')}…`;
}
