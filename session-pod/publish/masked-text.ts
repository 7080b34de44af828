/** A uid, which says nothing of anybody; or a run of digits, which may be a phone number or part of an address. */
const uidOrDigits = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\d{5,}/gi;

/** A sentence of a library or of the system, with every number of five digits and more put out of sight. */
export function masked(words: string): string {
  return words.replace(uidOrDigits, (found) => (found.includes('-') ? found : '#'));
}
