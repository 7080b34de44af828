import type { DestinationStream, Logger, LoggerOptions } from 'pino';
import { pino } from 'pino';
import { masked } from './masked-text.ts';

export type Log = Logger;

/** The last fence: no call of ours logs one of these, and what libraries say goes through a mask of its own. */
const secretFields = ['qr', 'pairingCode', 'proxyUrl', 'data', 'text', 'token', 'authorization', 'creds'];

/**
 * The log of the pod: one JSON object a line on standard output.
 * @param level a level of pino: trace, debug, info, warn, error, fatal, silent
 * @param fields on every line
 */
export function createLog(
  level: string,
  fields: Readonly<Record<string, string>>,
  destination: DestinationStream = pino.destination({ fd: 1, sync: true }), // Nothing is lost by an exit.
): Log {
  const options: LoggerOptions = {
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
  };
  return pino(options, destination);
}

/**
 * Without the properties that libraries hang on their errors: Baileys' carry the stanza, with addresses and texts. Their
 * sentences may name an address, too.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: masked(String(error)) };
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? { code: error.code } : {};
  const told = { name, message: masked(message), ...code, ...(stack === undefined ? {} : { stack: masked(stack) }) };
  return { ...told, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}
