import { expect, onTestFinished, test, vi } from 'vitest';
import type { ApiRequest, KubernetesClient, WatchEvent } from '../../../../operator/kubernetes/client.ts';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';
import type { Log } from '../../../../operator/kubernetes/log.ts';
import { startReflector } from '../../../../operator/watch/list-watch.ts';
import { type Cached, createSlimCache } from '../../../../operator/watch/slim-cache.ts';

const event = (type: WatchEvent['type'], name: string, resourceVersion: number): WatchEvent => ({
  type,
  object: { metadata: { namespace: 'a', name, uid: `uid-${name}`, resourceVersion: String(resourceVersion) } },
});

type Answer = { list: WatchEvent[]; at: number; next?: string } | { watch: WatchEvent[] } | { fail: number } | 'hang';

/** A reflector whose requests are answered from a script, one after the other; then the watch stays open. */
function aReflector(script: Answer[], pageSize = 500) {
  const asked: string[] = [];
  const logged: string[] = [];
  const line = (message: string) => void logged.push(message);
  const log: Log = { debug: () => undefined, info: line, warn: line, error: line };
  const next = (what: string, query: Readonly<Record<string, string>> | undefined): Answer => {
    asked.push(`${what} ${query?.['continue'] ?? query?.['resourceVersion'] ?? ''}`.trim());
    const answer = script.shift() ?? 'hang';
    if (typeof answer === 'object' && 'fail' in answer)
      throw new ApiError({ method: 'GET', path: '/x', status: answer.fail, reason: '', message: '' });
    return answer;
  };
  const client: KubernetesClient = {
    async request<T>({ query }: ApiRequest) {
      await Promise.resolve();
      const answer = next('list', query);
      if (typeof answer !== 'object' || !('list' in answer))
        throw new Error(`the script has no list for ${asked.at(-1)}`);
      const metadata = {
        resourceVersion: String(answer.at),
        ...(answer.next === undefined ? {} : { continue: answer.next }),
      };
      return { metadata, items: answer.list.map(({ object }) => object) } as T;
    },
    async *watch({ query, signal }) {
      const answer = next('watch', query);
      if (typeof answer === 'object' && 'watch' in answer) yield* answer.watch;
      else await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    nowMs: () => 0,
    close: () => Promise.resolve(),
  };
  const cache = createSlimCache<Cached>({
    slim: (raw) => {
      const metadata = raw['metadata'] as Cached;
      if (metadata.name === 'poison') throw new Error('unreadable');
      return metadata;
    },
  });
  const backoff = { baseMs: 2, maxMs: 4 };
  const reflector = startReflector({ client, path: '/x', cache, name: 'x', log, pageSize, backoff });
  onTestFinished(() => reflector.stop());
  const names = () => [...cache.values()].map(({ name }) => name);
  return { reflector, cache, asked, logged, names };
}

test('startReflector() lists page by page, then watches from the version of the list', async () => {
  const { reflector, asked, names } = aReflector([
    { list: [event('ADDED', 'one', 1)], at: 7, next: 'token' },
    { list: [event('ADDED', 'two', 2)], at: 7 },
  ]);
  await reflector.synced;
  expect(names()).toEqual(['one', 'two']);
  await vi.waitFor(() => expect(asked).toEqual(['list', 'list token', 'watch 7']));
});

test('startReflector() goes on from the last event or bookmark when a watch ends', async () => {
  const { asked, names } = aReflector([
    { list: [], at: 5 },
    { watch: [event('ADDED', 'one', 8)] },
    { watch: [event('BOOKMARK', '', 20)] },
    { watch: [event('DELETED', 'one', 30)] },
  ]);
  await vi.waitFor(() => expect(asked).toEqual(['list', 'watch 5', 'watch 8', 'watch 20', 'watch 30']));
  expect(names()).toEqual([]);
});

test.each([
  { name: 'a 410', answer: { fail: 410 } },
  { name: 'an ERROR event', answer: { watch: [{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }] } },
  { name: 'an ERROR event of another code', answer: { watch: [{ type: 'ERROR', object: { code: 500 } }] } },
] as const)('startReflector() lists again after $name', async ({ answer }) => {
  const { asked, names } = aReflector([
    { list: [event('ADDED', 'one', 1)], at: 5 },
    answer as unknown as Answer,
    { list: [event('ADDED', 'two', 6)], at: 9 },
  ]);
  await vi.waitFor(() => expect(asked).toEqual(['list', 'watch 5', 'list', 'watch 9']));
  expect(names()).toEqual(['two']);
});

test.each([429, 500, 503, 0, 403])('startReflector() resumes the watch after status %i', async (status) => {
  const { asked } = aReflector([{ list: [], at: 5 }, { fail: status }, { fail: status }]);
  await vi.waitFor(() => expect(asked).toEqual(['list', 'watch 5', 'watch 5', 'watch 5']));
});

test.each([404, 503, 0])('startReflector() goes on listing after status %i', async (status) => {
  const { reflector, asked } = aReflector([{ fail: status }, { fail: status }, { list: [], at: 5 }]);
  await reflector.synced;
  expect(asked.slice(0, 3)).toEqual(['list', 'list', 'list']);
});

test('startReflector() starts the list anew when its continue token has expired', async () => {
  const { reflector, asked } = aReflector([
    { list: [event('ADDED', 'one', 1)], at: 7, next: 'token' },
    { fail: 410 },
    { list: [event('ADDED', 'one', 1)], at: 9 },
  ]);
  await reflector.synced;
  expect(asked.slice(0, 3)).toEqual(['list', 'list token', 'list']);
});

test('startReflector() waits longer and longer when the watch ends at once without an event', async () => {
  const empty = Array.from({ length: 20 }, () => ({ watch: [] }));
  const { reflector, asked } = aReflector([{ list: [], at: 5 }, ...empty]);
  await reflector.synced;
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked.length).toBeLessThan(20);
});

test('startReflector() skips an object that cannot be read, and says so', async () => {
  const { reflector, names, logged } = aReflector([
    { list: [event('ADDED', 'poison', 1), event('ADDED', 'one', 2)], at: 5 },
    { watch: [event('ADDED', 'poison', 6), event('ADDED', 'two', 7)] },
  ]);
  await reflector.synced;
  await vi.waitFor(() => expect(names()).toEqual(['one', 'two']));
  expect(logged).toEqual(['Object skipped that cannot be read', 'Object skipped that cannot be read']);
});

test('stop() ends it, and wakes whoever waits for the first list', async () => {
  const { reflector } = aReflector([{ fail: 503 }, { fail: 503 }]);
  const failure = reflector.synced.catch((error: unknown) => error);
  await reflector.stop();
  expect(await failure).toMatchObject({ name: 'AbortError' });
});
