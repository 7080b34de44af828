import { masked } from '../publish/masked-text.ts';
import type { WebDisconnect } from './web-disconnect.ts';

/** Why Chromium does not come up, as far as its user can do something about it. */
export function startFailure(error: unknown, hasSandbox: boolean): string {
  const sandbox = hasSandbox
    ? '; its sandbox needs a seccomp profile that allows user namespaces, or switch it off (BERTH_BROWSER_SANDBOX=false)'
    : '; look for a missing library, a volume or /dev/shm that is full, or too little memory';
  return `Cannot start the browser: ${told(error)}${sandbox}`;
}

/** A page that did not come up in a living browser: the network, WhatsApp's server, or a page that has changed. */
export function openFailure(error: unknown): WebDisconnect {
  const message = told(error);
  // What the network stack of Chromium says, for instance net::ERR_NAME_NOT_RESOLVED.
  if (/net::ERR_\w+|^HTTP \d/.test(message)) return lost(408, `WhatsApp's page cannot be loaded: ${message}`);
  if (/context was destroyed|Target closed|detached/i.test(message))
    return lost(428, 'The page went away as it was opened');
  if (message === 'auth timeout') return lost(500, "WhatsApp's page was loaded, and its script did not begin in time");
  return lost(500, `WhatsApp's page does not take whatsapp-web.js; it may have changed: ${message}`);
}

function lost(code: number, message: string): WebDisconnect {
  return { code, saidByWhatsApp: false, message };
}

/** One line, for the session's status. */
function told(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [line = ''] = message.trim().split('\n');
  return masked(line.slice(0, 200));
}
