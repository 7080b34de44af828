import type { Disconnect } from './engine.ts';

/** What the page calls its connection to WhatsApp: `Socket.state`, which `getState()` of whatsapp-web.js gives. */
const said: Readonly<Record<string, Omit<Disconnect, 'saidByWhatsApp'>>> = {
  CONFLICT: { code: 440, message: 'WhatsApp Web was opened elsewhere with this login (CONFLICT)' },
  LOGOUT: { code: 401, message: 'The device was unlinked (LOGOUT)' },
  UNPAIRED: { code: 401, message: 'The device was unlinked (UNPAIRED)' },
  UNPAIRED_IDLE: { code: 401, message: 'The device was unlinked (UNPAIRED_IDLE)' },
  TOS_BLOCK: { code: 403, message: 'WhatsApp blocked the account (TOS_BLOCK)' },
  SMB_TOS_BLOCK: { code: 403, message: 'WhatsApp blocked the business account (SMB_TOS_BLOCK)' },
};
const own: Readonly<Record<string, Omit<Disconnect, 'saidByWhatsApp'>>> = {
  PROXYBLOCK: { code: 428, message: 'WhatsApp refuses the address or proxy that the page comes from (PROXYBLOCK)' },
  DEPRECATED_VERSION: { code: 500, message: 'WhatsApp wants a newer version of its page (DEPRECATED_VERSION)' },
};

/**
 * Reads why whatsapp-web.js gave its page up: the reason of its event `disconnected`. It has closed the browser by then,
 * or is about to.
 */
export function readDisconnected(reason: string): Disconnect {
  const word = said[reason];
  if (word) return { ...word, saidByWhatsApp: true };
  return { ...(own[reason] ?? lost(reason)), saidByWhatsApp: false };
}

/**
 * Whether the page says with this state that it will not connect: whatsapp-web.js hears of it only once it was ready, while
 * a blocked account is told so at its login.
 */
export function isRefusal(state: string): boolean {
  return ['CONFLICT', 'TOS_BLOCK', 'SMB_TOS_BLOCK', 'PROXYBLOCK', 'DEPRECATED_VERSION'].includes(state);
}

/** States in which the page itself connects again; whatsapp-web.js lets them pass. */
export function isPageReconnecting(state: string): boolean {
  return ['OPENING', 'PAIRING', 'TIMEOUT'].includes(state);
}

/** The connection of a page that goes on by itself. */
export function readLostState(state: string): Disconnect {
  return { ...lost(state), saidByWhatsApp: false };
}

function lost(state: string): Omit<Disconnect, 'saidByWhatsApp'> {
  const name = /^[A-Z_]{1,40}$/.test(state) ? state : 'of a name that Berth does not know';
  return { code: state === 'TIMEOUT' ? 408 : 428, message: `The page lost its connection to WhatsApp (state ${name})` };
}
