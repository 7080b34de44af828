import type { Answer } from './problem.ts';
import { problem } from './problem.ts';

/** Reads `?since=<sequence>`, 0 unless told, or refuses it. */
export function readSince(
  query: URLSearchParams,
  what: string,
): { readonly since: number } | { readonly refusal: Answer } {
  const since = Number(query.get('since') ?? 0);
  if (Number.isInteger(since) && since >= 0) return { since };
  const detail = `Cannot list ${what}: "since" is not a whole number of 0 or more; use a "sequence" seen before`;
  return { refusal: problem(400, 'BAD_SINCE', 'Bad since', detail) };
}
