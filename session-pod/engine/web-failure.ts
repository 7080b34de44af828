import { toldError } from '../publish/masked-text.ts';
import type { Disconnect } from './engine.ts';
import { PairingCodeRefusedError } from './pairing-code-refused-error.ts';
import { isPageGone } from './web-lost-page.ts';

/** What a page throws that is not made as whatsapp-web.js takes it to be. */
const hasChanged = /unknown module|Cannot read prop|is not a function/;

/** Why Chromium does not come up, as far as its user can do something about it. */
export function startFailure(error: unknown, hasSandbox: boolean): string {
  const sandbox = hasSandbox
    ? "; its sandbox needs user namespaces (docs/browser-sandbox.md), and the chart's session.browser.sandbox switches it off"
    : '; look for a missing library, a volume or /dev/shm that is full, or too little memory';
  return `Cannot start the browser: ${toldError(error)}${sandbox}`;
}

/** A page that did not come up in a living browser: the network, WhatsApp's server, or a page that has changed. */
export function openFailure(error: unknown): Disconnect {
  if (error instanceof PairingCodeRefusedError) return lost(408, error.message);
  const message = toldError(error);
  // What the network stack of Chromium says, for instance net::ERR_NAME_NOT_RESOLVED.
  if (/net::ERR_\w+|^HTTP \d/.test(message)) return lost(408, `WhatsApp's page cannot be loaded: ${message}`);
  if (isPageGone(error)) return lost(428, 'The page went away as it was opened');
  if (message === 'auth timeout') return lost(500, "WhatsApp's page was loaded, and its script did not begin in time");
  return lost(500, `WhatsApp's page does not take whatsapp-web.js; it may have changed: ${message}`);
}

function lost(code: number, message: string): Disconnect {
  return { code, saidByWhatsApp: false, message };
}

/** What became of the request for a pairing code: the page throws WhatsApp's word on it, in words that differ. */
export function pairingCodeFailure(error: unknown): unknown {
  const message = toldError(error);
  if (isPageGone(error) || hasChanged.test(message)) return error;
  return new PairingCodeRefusedError(message, { cause: error });
}
