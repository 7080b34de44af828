import { toldError } from '../publish/masked-text.ts';
import { LogoutUnconfirmedError } from './logout-unconfirmed-error.ts';
import { settlesWithin } from './settles-within.ts';
import type { WebPage } from './web-page.ts';
import { answerWithin, PageUnresponsiveError } from './web-page-unresponsive-error.ts';

/** Milliseconds from the failure of the page's script until the page has told that it lost its login. */
export const lastWordFollowsMs = 500;

/**
 * Unlinks the device of an open page. The page may go away before it has answered, since it has done what it was asked for.
 * @param heard resolves when the page tells of the logout by itself
 * @throws {LogoutUnconfirmedError} the page said no, or nothing within `withinMs` milliseconds
 */
export async function logOutPage({ client }: WebPage, heard: Promise<void>, withinMs: number): Promise<void> {
  const answered = client.logout().catch(async (error: unknown) => {
    if (!(await settlesWithin(heard, lastWordFollowsMs))) throw error;
  });
  try {
    await answerWithin(Promise.race([answered, heard]), withinMs, 'log out');
  } catch (cause) {
    throw new LogoutUnconfirmedError(whyUnconfirmed(cause, withinMs), { cause });
  }
}

function whyUnconfirmed(cause: unknown, withinMs: number): string {
  if (cause instanceof PageUnresponsiveError) return `no answer within ${withinMs} ms`;
  return toldError(cause);
}
