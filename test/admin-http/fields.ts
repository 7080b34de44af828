import { BadRequestError } from './request-errors.ts';

/** A request's body or query, still unchecked. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a text.
 * @param pattern what the whole text must match; `example` shows one that does.
 * @throws {BadRequestError} missing, not a text, empty, too long, or not of the form.
 */
export function textField(
  fields: Fields,
  name: string,
  { pattern, example, maxLength = 4_096 }: { pattern?: RegExp; example: string; maxLength?: number },
): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') {
    throw new BadRequestError(name, 'it is missing or not a text', `give one like "${example}"`);
  }
  if (value.length > maxLength) {
    throw new BadRequestError(name, `it has ${value.length} characters`, `give at most ${maxLength}`);
  }
  if (pattern && !pattern.test(value)) {
    throw new BadRequestError(name, 'it is not of the right form', `give one like "${example}"`);
  }
  return value;
}

/** Reads a phone number: 5 to 15 digits without "+", as WhatsApp has it in its addresses. */
export function phoneField(fields: Fields, name: string): string {
  return textField(fields, name, { pattern: /^[1-9]\d{4,14}$/, example: '15550001000' });
}

/**
 * Reads a whole number, which may be left out.
 * @throws {BadRequestError} not a whole number from `min` to `max`.
 */
export function integerField(fields: Fields, name: string, min: number, max: number): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new BadRequestError(name, 'it is not a whole number in its range', `give one from ${min} to ${max}`);
  }
  return value;
}

/** Reads one of a closed set of texts. */
export function choiceField<Choice extends string>(fields: Fields, name: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((known) => known === fields[name]);
  if (choice === undefined) {
    throw new BadRequestError(name, 'it is none of the known ones', `give one of ${choices.join(', ')}`);
  }
  return choice;
}

/**
 * Reads an object in a request's body.
 * @throws {BadRequestError} missing, or not an object.
 */
export function objectField(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BadRequestError(name, 'it is missing or not an object', 'give an object');
}
