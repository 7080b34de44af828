import { EventEmitter } from 'node:events';
import { watchLoading } from '@berth/session-pod/engine/web-watch-loading.ts';
import type { Page } from 'puppeteer';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Failed {
  readonly what?: string;
  readonly because?: string;
  readonly isMain?: boolean;
}

/** What is told of a page with these requests, 5 s after they failed. */
async function toldOf(failed: readonly Failed[], hasBegun: () => Promise<boolean> = () => Promise.resolve(false)) {
  const main = {};
  const events = new EventEmitter();
  const page = Object.assign(events, { mainFrame: () => main, evaluate: hasBegun }) as unknown as Page;
  const told: string[] = [];
  watchLoading(page, (error) => told.push(error.message));
  for (const { what = 'script', because = 'net::ERR_NETWORK_CHANGED', isMain = true } of failed) {
    events.emit('requestfailed', {
      resourceType: () => what,
      failure: () => ({ errorText: because }),
      isNavigationRequest: () => what === 'document',
      frame: () => (isMain ? main : {}),
    });
  }
  await vi.advanceTimersByTimeAsync(5_000);
  return told;
}

test.each<{ name: string; failed: readonly Failed[]; told: readonly string[] }>([
  { name: 'a script', failed: [{}], told: ['net::ERR_NETWORK_CHANGED for a script of it'] },
  { name: 'several scripts, once', failed: [{}, {}], told: ['net::ERR_NETWORK_CHANGED for a script of it'] },
  { name: 'the page', failed: [{ what: 'document' }], told: ['net::ERR_NETWORK_CHANGED'] },
])('watchLoading() tells that $name did not come', async ({ failed, told }) => {
  expect(await toldOf(failed)).toEqual(told);
});

test.each<Failed & { name: string }>([
  { name: 'a picture', what: 'image' },
  { name: 'a page in the page', what: 'document', isMain: false },
  { name: 'what a filter took back', because: 'net::ERR_BLOCKED_BY_CLIENT' },
  { name: 'a page that was left for another one', what: 'document', because: 'net::ERR_ABORTED' },
])('watchLoading() does without $name', async (failed) => {
  expect(await toldOf([failed])).toEqual([]);
});

test.each([
  { name: 'has begun all the same', hasBegun: () => Promise.resolve(true) },
  { name: 'is gone', hasBegun: () => Promise.reject(new Error('Target closed')) },
])('watchLoading() is silent about a page that $name', async ({ hasBegun }) => {
  expect(await toldOf([{}], hasBegun)).toEqual([]);
});

test.each([
  { status: 503, isNavigation: true, isMain: true, told: ['HTTP 503'] },
  { status: 407, isNavigation: true, isMain: true, told: ['HTTP 407, the proxy wants other credentials'] },
  { status: 200, isNavigation: true, isMain: true, told: [] },
  { status: 404, isNavigation: false, isMain: true, told: [] },
  { status: 404, isNavigation: true, isMain: false, told: [] },
])('watchLoading() judges an answer $status: $told', ({ status, isNavigation, isMain, told }) => {
  const main = {};
  const events = new EventEmitter();
  const errors: string[] = [];
  watchLoading(Object.assign(events, { mainFrame: () => main }) as unknown as Page, ({ message }) =>
    errors.push(message),
  );
  const request = { isNavigationRequest: () => isNavigation };
  events.emit('response', { status: () => status, request: () => request, frame: () => (isMain ? main : {}) });
  expect(errors).toEqual(told);
});
