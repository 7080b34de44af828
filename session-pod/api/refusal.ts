import { NotConnectedError } from '../engine/not-connected-error.ts';
import { RecipientUnknownError } from '../engine/recipient-unknown-error.ts';
import { FileUnderWayError } from '../run/file-slot.ts';
import type { Answer } from './problem.ts';
import { fileUnderWay, problem } from './problem.ts';

/** Of an error's text, which may be a library's. */
const maxDetailLength = 300;

/**
 * What is answered when an engine has not done what it was asked for.
 * @param otherwise the answer where the error does not say for certain that nothing was done
 */
export function refusalOf(error: unknown, otherwise: (detail: string) => Answer): Answer {
  const detail = (error instanceof Error ? error.message : String(error)).slice(0, maxDetailLength);
  if (error instanceof FileUnderWayError) return fileUnderWay(error);
  if (error instanceof NotConnectedError) return problem(409, 'NOT_READY', 'Session not ready', detail);
  if (error instanceof RecipientUnknownError) return problem(422, 'RECIPIENT_UNKNOWN', 'Recipient unknown', detail);
  return otherwise(detail);
}
