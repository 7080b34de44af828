/** What whatsapp-web.js throws as plain text (src/Client.js, inject()). */
const thrownTexts: readonly unknown[] = ['auth timeout', 'ready timeout'];
/** Frames of puppeteer, of code that it ran in the page, and of whatsapp-web.js. */
const browserFrame = /pptr:|[/\\]node_modules[/\\](?:puppeteer|puppeteer-core|@puppeteer|whatsapp-web\.js)[/\\]/;

/**
 * Whether a rejection that nobody handled comes from the page or its browser: whatsapp-web.js starts several things
 * without waiting for them, after each navigation all of its injection, so a page that reloads or goes away leaves some.
 * What became of the page is told by its own events, and by the deadlines on it.
 */
export function isPageFailure(error: unknown): boolean {
  if (thrownTexts.includes(error)) return true;
  return error instanceof Error && browserFrame.test(error.stack ?? '');
}
