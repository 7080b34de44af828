import { pino } from 'pino';
import type { Log, LogFields } from '../kubernetes/log.ts';

/**
 * Structured logs on standard output, one JSON object a line.
 * @param level pino's: trace, debug, info, warn, error or silent
 */
export function createLog(level: string): Log {
  const logger = pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.errWithCause },
    // A guard behind the rule that no field of these names is logged.
    redact: { paths: ['token', '*.token', 'qr', '*.qr', 'authorization', '*.authorization'], censor: '(redacted)' },
  });
  const at = (write: (fields: LogFields, message: string) => void) => (message: string, fields?: LogFields) =>
    write(fields ?? {}, message);
  return {
    debug: at((fields, message) => logger.debug(fields, message)),
    info: at((fields, message) => logger.info(fields, message)),
    warn: at((fields, message) => logger.warn(fields, message)),
    error: at((fields, message) => logger.error(fields, message)),
  };
}
