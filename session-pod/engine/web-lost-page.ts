/** What whatsapp-web.js throws as plain text (src/Client.js, inject()). */
const thrownTexts: readonly unknown[] = ['auth timeout', 'ready timeout'];
/** Frames of puppeteer, of code that it ran in the page, of the page itself, and of whatsapp-web.js. */
const browserFrame =
  /pptr:|https?:[/][/]|[/\\]node_modules[/\\](?:puppeteer|puppeteer-core|@puppeteer|whatsapp-web\.js)[/\\]/;
/** Frames that say nothing of whose call it was: Node's own, the language's, and those of other packages. */
const passedFrame = /node:|<anonymous>|\(index \d+\)|\(native\)|[/\\]node_modules[/\\]/;

/** The browser is not started any more: its page was given up before. */
export class PageClosedError extends Error {
  override readonly name = 'PageClosedError';
  constructor() {
    super('The page was closed before its browser was started');
  }
}

/**
 * Whether a rejection that nobody handled comes from the page or its browser: whatsapp-web.js starts several things
 * without waiting for them, after each navigation all of its injection, so a page that reloads or goes away leaves some.
 * What became of the page is told by its own events, and by the deadlines on it. Who threw it is told by the topmost frame:
 * below a listener of Berth's own there are frames of whatsapp-web.js, too, and what it throws is a bug.
 */
export function isLostPage(error: unknown): boolean {
  if (thrownTexts.includes(error) || error instanceof PageClosedError) return true;
  if (!(error instanceof Error)) return false;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const thrower = frames.find((frame) => browserFrame.test(frame) || !passedFrame.test(frame));
  return thrower !== undefined && browserFrame.test(thrower);
}

/** Whether a question to the page failed because its document was replaced, or it was closed meanwhile. */
export function isPageGone(error: unknown): boolean {
  return error instanceof Error && /context was destroyed|Target closed|detached/i.test(error.message);
}
