/**
 * Takes the console away from the libraries: libsignal prints whole sessions with their private keys when it opens or
 * closes one ("Closing session:", libsignal 6.0.0, src/session_record.js). The stand-ins' own log does not use the console.
 */
export function quietConsole() {
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) console[method] = () => undefined;
}
