import type { Page } from 'puppeteer';

/** Milliseconds that a page may still need to begin after one of its scripts failed: that one may not have mattered. */
const beginsWithinMs = 5_000;
/** What the page itself or a filter took back. */
const harmless = /net::ERR_(ABORTED|BLOCKED_\w+)/;

/**
 * Tells of a page that cannot begin, long before its time is over: it did not come, was answered with an error, or a script
 * of it did not come. Of a page that goes elsewhere or is loaded anew nobody else is told. Chromium drops every request when
 * an address of the machine changes (net::ERR_NETWORK_CHANGED), as it may do while a pod starts, and the page never asks
 * again.
 * @param onFailure may be called more than once; its error holds `net::ERR_…` or `HTTP …`
 */
export function watchLoading(page: Page, onFailure: (error: Error) => void): void {
  let timer: NodeJS.Timeout | undefined;

  async function check(because: string): Promise<void> {
    // A page that cannot be asked any more has ended, which is told by others.
    const hasBegun = await page.evaluate('window.Debug?.VERSION !== undefined').catch(() => true);
    if (!hasBegun) onFailure(new Error(`${because} for a script of it`));
  }

  page.on('response', (response) => {
    const status = response.status();
    if (status < 400 || !response.request().isNavigationRequest() || response.frame() !== page.mainFrame()) return;
    onFailure(new Error(status === 407 ? 'HTTP 407, the proxy wants other credentials' : `HTTP ${status}`));
  });
  page.on('requestfailed', (request) => {
    const because = request.failure()?.errorText ?? '';
    if (harmless.test(because)) return;
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) onFailure(new Error(because));
    if (timer || request.resourceType() !== 'script') return;
    timer = setTimeout(() => void check(because), beginsWithinMs);
  });
}
