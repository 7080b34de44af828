/** A uid, which says nothing of anybody; or a run of digits, which may be a phone number or part of an address. */
const uidOrDigits = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\d{5,}/gi;

/** What an error says, for a log or the session's status: its first line, of at most 200 characters, masked. */
export function toldError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [line = ''] = message.trim().split('\n');
  return masked(line.slice(0, 200));
}

/** A sentence of a library or of the system, with every number of five digits and more put out of sight. */
export function masked(words: string): string {
  return words.replace(uidOrDigits, (found) => (found.includes('-') ? found : '#'));
}
