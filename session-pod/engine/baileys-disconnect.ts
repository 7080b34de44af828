import { toldError } from '../publish/masked-text.ts';
import type { Disconnect } from './engine.ts';

/** What is read of the error that Baileys gives with a closed connection: a Boom of @hapi/boom. */
interface BoomLike {
  readonly isBoom: true;
  readonly message: string;
  readonly output: { readonly statusCode: number };
  readonly data?: unknown;
}

const connectionClosedCode = 428;
/** The texts of Baileys' socket for a stanza of WhatsApp that ends the stream; every other error is its own or the network's. */
const saidByWhatsApp = /^(Stream Errored|Connection Failure)/;

/**
 * Reads the code of a closed connection. A proxy that answers the WebSocket upgrade with 401 or 403, and Baileys' own
 * errors, carry codes that look like WhatsApp's: only a stanza of WhatsApp may end a login.
 */
export function readDisconnect(error: unknown): Disconnect {
  if (!isBoom(error)) {
    const message = error instanceof Error ? toldError(error) : 'Connection closed';
    return { code: connectionClosedCode, saidByWhatsApp: false, message };
  }
  const { statusCode } = error.output;
  return {
    code: Number.isInteger(statusCode) ? statusCode : connectionClosedCode,
    saidByWhatsApp: saidByWhatsApp.test(error.message) && !(error.data instanceof Error),
    message: toldError(error),
  };
}

/**
 * Whether a rejection that nobody handled is only Baileys losing its connection in the middle of something: several of
 * its handlers send without a catch, so each network cut may leave one. The connection's end is told by `Closed` as well.
 */
export function isLostConnection(error: unknown): boolean {
  return isBoom(error) && [connectionClosedCode, 408].includes(error.output.statusCode);
}

function isBoom(error: unknown): error is BoomLike {
  return error instanceof Error && 'isBoom' in error && error.isBoom === true && 'output' in error;
}
