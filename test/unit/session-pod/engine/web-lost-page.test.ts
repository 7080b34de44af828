import { isLostPage, isPageGone, PageClosedError } from '@berth/session-pod/engine/web-lost-page.ts';
import { expect, test } from 'vitest';

const ours = '/app/session-pod/engine/web-engine.ts:1:1';
const driver = '/app/node_modules/whatsapp-web.js/src/Client.js:99:1';
const puppeteer = '/app/node_modules/puppeteer-core/lib/cjs/puppeteer/cdp/Connection.js:1:1';

test.each([
  { name: 'a timeout of whatsapp-web.js', error: 'ready timeout' },
  { name: 'a start that came too late', error: new PageClosedError() },
  { name: 'an error of puppeteer', error: withFrames(puppeteer) },
  {
    name: 'an error of a package that puppeteer uses',
    error: withFrames('/app/node_modules/ws/lib/a.js:1:1', puppeteer),
  },
  { name: 'code that was run in the page', error: withFrames('pptr:evaluate;inject%20(%2Fapp%2Fx.js%3A3%3A1):1:1') },
  { name: "an error of the page's own", error: withFrames('https://web.whatsapp.com/a.js:1:1', 'pptr:evaluate;x:1:1') },
  { name: 'an error of whatsapp-web.js', error: withFrames(driver, ours) },
  { name: 'an error that Node throws for it', error: withFrames('node:internal/streams:1:1', driver, ours) },
])('isLostPage() knows $name', ({ error }) => {
  expect(isLostPage(error)).toBe(true);
});

test.each([
  { name: 'a bug of our own', error: withFrames(ours) },
  { name: 'a bug of our own that whatsapp-web.js called', error: withFrames(ours, driver, puppeteer) },
  { name: 'what Node threw at it', error: withFrames('node:fs:1:1', ours, 'node:events:1:1', driver) },
  { name: 'what is no error', error: 'something else' },
  { name: 'an error without frames', error: withFrames() },
])('isLostPage() lets $name be one', ({ error }) => {
  expect(isLostPage(error)).toBe(false);
});

test('isPageGone() knows what puppeteer says of a page that is not there any more', () => {
  expect(isPageGone(new Error('Execution context was destroyed, most likely because of a navigation.'))).toBe(true);
  expect(isPageGone(new Error('Requiring unknown module "WAWebCmd".'))).toBe(false);
});

function withFrames(...frames: string[]): Error {
  return Object.assign(new Error('x'), { stack: ['Error: x', ...frames.map((frame) => `    at ${frame}`)].join('\n') });
}
