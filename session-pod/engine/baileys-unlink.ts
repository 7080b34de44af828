import type { BinaryNode, ConnectionState, WASocket } from '@whiskeysockets/baileys';
import { readDisconnect } from './baileys-disconnect.ts';
import { LogoutUnconfirmedError } from './logout-unconfirmed-error.ts';

const loggedOutCode = 401;
/** Milliseconds from the failure of a query until Baileys has told the end of its connection. */
const endFollowsMs = 100;

/**
 * Asks WhatsApp to unlink the device, and waits for its word. Baileys' own logout() sends the same stanza and does not
 * wait for the answer, so that nobody can know whether the credentials are still good.
 * @param jid the device's own address
 * @throws {LogoutUnconfirmedError} no answer within `withinMs` milliseconds, a refusal, or a lost connection
 */
export async function unlink(socket: WASocket, jid: string, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let hear: ((update: Partial<ConnectionState>) => void) | undefined;
  const told = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => reject(new LogoutUnconfirmedError(`no answer within ${withinMs} ms`)), withinMs);
    hear = ({ connection, lastDisconnect }) => {
      if (connection !== 'close') return;
      const { code, saidByWhatsApp, message } = readDisconnect(lastDisconnect?.error);
      // WhatsApp may end the stream of a device that it has just removed before it answers.
      if (saidByWhatsApp && code === loggedOutCode) resolve();
      else reject(new LogoutUnconfirmedError(`the connection was closed with ${code}: ${message}`));
    };
    socket.ev.on('connection.update', hear);
    answered(socket.query(removalOf(jid), withinMs)).then(resolve, (cause: unknown) => {
      const { message } = readDisconnect(cause);
      // When the connection goes, its end says more than the query, and comes right after it.
      setTimeout(() => reject(new LogoutUnconfirmedError(message, { cause })), endFollowsMs);
    });
  });
  try {
    await told;
  } finally {
    clearTimeout(timer);
    if (hear) socket.ev.off('connection.update', hear);
  }
}

/** Never resolves without an answer: Baileys' word for none in time is undefined, and then the deadline has the word. */
async function answered(query: Promise<BinaryNode | undefined>): Promise<void> {
  if ((await query)?.tag !== 'iq') await new Promise<never>(() => {});
}

function removalOf(jid: string): BinaryNode {
  const removal: BinaryNode = { tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } };
  return { tag: 'iq', attrs: { to: 's.whatsapp.net', type: 'set', xmlns: 'md' }, content: [removal] };
}
