/** Values of one log line. Never a phone number, a message text, a QR code or a key. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a part of the operator writes what it does: constant messages, values as fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
