import { BerthError, type RunReport, type SessionState, sessionStates } from '@berth/protocol';

/** A report has a field that is missing or wrong. */
export class ReportInvalidError extends BerthError {
  readonly code = 'REPORT_INVALID';
  readonly retryable = false;
  readonly field: string;
  constructor(field: string, wanted: string) {
    super(`Cannot take the report: "${field}" is not ${wanted}; mend the pod's image`);
    this.field = field;
  }
}

/** Limits of the CRD, in characters. What is only for people is cut to them: it must not keep a session from Ready. */
const limits = { id: 128, pushName: 128, message: 512 } as const;
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Checks the body of a report.
 * @throws {ReportInvalidError} names the first field that is wrong
 */
export function parseReport(body: unknown): RunReport {
  const fields = fieldsOf(body, 'body');
  const { runUid, sequence, state, stateSince, reconnects, recentReconnects, account, certificateSha256 } = fields;
  if (typeof runUid !== 'string' || runUid === '' || runUid.length > 64)
    throw new ReportInvalidError('runUid', 'a uid');
  if (!isCount(sequence) || sequence < 1) throw new ReportInvalidError('sequence', 'a whole number from 1');
  if (!isState(state)) throw new ReportInvalidError('state', `one of ${sessionStates.join(', ')}`);
  if (typeof stateSince !== 'string' || !rfc3339.test(stateSince) || Number.isNaN(Date.parse(stateSince)))
    throw new ReportInvalidError('stateSince', 'a time as in RFC 3339');
  if (!isCount(reconnects)) throw new ReportInvalidError('reconnects', 'a whole number from 0');
  if (recentReconnects !== undefined && !isCount(recentReconnects))
    throw new ReportInvalidError('recentReconnects', 'a whole number from 0');
  if (typeof certificateSha256 !== 'string' || !/^[0-9a-f]{64}$/.test(certificateSha256))
    throw new ReportInvalidError('certificateSha256', '64 lower-case hex digits');
  const told = textOf(fields['message'], 'message', limits.message);
  return {
    runUid,
    sequence,
    state,
    stateSince,
    reconnects,
    certificateSha256,
    ...(recentReconnects === undefined ? {} : { recentReconnects }),
    ...(account === undefined ? {} : { account: parseAccount(account) }),
    ...(told === undefined ? {} : { message: told }),
  };
}

function parseAccount(raw: unknown): NonNullable<RunReport['account']> {
  const { id, pushName } = fieldsOf(raw, 'account');
  if (typeof id !== 'string' || id === '' || id.length > limits.id)
    throw new ReportInvalidError('account.id', `a text of 1 to ${limits.id} characters`);
  const name = textOf(pushName, 'account.pushName', limits.pushName);
  return { id, ...(name === undefined ? {} : { pushName: name }) };
}

function fieldsOf(raw: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw new ReportInvalidError(field, 'an object');
  return raw as Record<string, unknown>;
}

/** Cut by characters: half of a pair of surrogates is no text, and the API server would refuse it. */
function textOf(raw: unknown, field: string, limit: number): string | undefined {
  if (raw === undefined || raw === '') return undefined;
  if (typeof raw !== 'string') throw new ReportInvalidError(field, 'a text');
  return Array.from(raw.toWellFormed()).slice(0, limit).join('');
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isState = (value: unknown): value is SessionState => sessionStates.some((state) => state === value);
