/** Constant message, values as fields. Never a phone number, a QR string or a message's text. */
export type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** One JSON line for each message on stdout. */
export const logToStdout: Log = (message, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...fields })}\n`);
};

export const logNothing: Log = () => undefined;
