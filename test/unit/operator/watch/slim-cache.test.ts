import { expect, test } from 'vitest';
import { type Cached, createSlimCache } from '../../../../operator/watch/slim-cache.ts';

interface Slim extends Cached {
  readonly note: string;
}

function slim(object: Record<string, unknown>): Slim {
  const { metadata, note } = object as { metadata: Cached; note: string };
  const { namespace, name, uid, resourceVersion } = metadata;
  return { namespace, name, uid, resourceVersion, note };
}

/** An object as the API server sends it: `a/one` of uid `uid-1` unless told. */
function raw(resourceVersion: number, note: string, { name = 'one', uid = 'uid-1' } = {}): Record<string, unknown> {
  return {
    metadata: { namespace: 'a', name, uid, resourceVersion: String(resourceVersion) },
    note,
    spec: { large: true },
  };
}

function aCache() {
  const changes: string[] = [];
  const errors: unknown[] = [];
  const cache = createSlimCache<Slim>({ slim, onListenerError: (error) => errors.push(error) });
  cache.onChange((key, now, before) => changes.push(`${key} ${before?.note ?? '-'} -> ${now?.note ?? '-'}`));
  return { cache, changes, errors };
}

test('apply() keeps the newest state, cut down, and tells of each change', () => {
  const { cache, changes } = aCache();
  cache.apply('ADDED', raw(5, 'first'));
  cache.apply('MODIFIED', raw(6, 'second'));
  expect(cache.get('a/one')).toEqual({
    namespace: 'a',
    name: 'one',
    uid: 'uid-1',
    resourceVersion: '6',
    note: 'second',
  });
  cache.apply('DELETED', raw(7, 'last'));
  expect(cache.size).toBe(0);
  expect(changes).toEqual(['a/one - -> first', 'a/one first -> second', 'a/one second -> -']);
});

test('absorb() takes in an own write, and the watch then tells nothing new', () => {
  const { cache, changes } = aCache();
  cache.apply('ADDED', raw(9, 'seen'));
  cache.absorb(raw(10, 'written'));
  cache.apply('MODIFIED', raw(10, 'written'));
  expect(changes).toEqual(['a/one - -> seen', 'a/one seen -> written']);
});

test('absorb() ignores an answer that is older than what the watch told', () => {
  const { cache } = aCache();
  cache.apply('ADDED', raw(10, 'newer'));
  cache.absorb(raw(9, 'older'));
  expect(cache.get('a/one')?.note).toBe('newer');
});

test('absorb() ignores an object that was seen to go, for a uid never comes back', () => {
  const { cache } = aCache();
  cache.apply('ADDED', raw(5, 'seen'));
  cache.apply('DELETED', raw(8, 'gone'));
  cache.absorb(raw(7, 'late answer'));
  cache.apply('ADDED', raw(6, 'late event'));
  expect(cache.size).toBe(0);
});

test('absorbGone() removes at once, and events still on their way bring nothing back', () => {
  const { cache, changes } = aCache();
  cache.apply('ADDED', raw(5, 'seen'));
  cache.absorbGone('a/one', 'uid-1');
  cache.apply('MODIFIED', raw(6, 'on its way'));
  cache.apply('DELETED', raw(7, 'gone'));
  expect(cache.size).toBe(0);
  expect(changes).toEqual(['a/one - -> seen', 'a/one seen -> -']);
});

test('absorbGone() leaves a successor of the same name alone', () => {
  const { cache } = aCache();
  cache.apply('ADDED', raw(9, 'successor', { uid: 'uid-2' }));
  cache.absorbGone('a/one', 'uid-1');
  cache.apply('DELETED', raw(8, 'late', { uid: 'uid-1' }));
  expect(cache.get('a/one')?.note).toBe('successor');
});

test('replaceAll() does not roll an own write back', () => {
  const { cache } = aCache();
  cache.apply('ADDED', raw(5, 'seen'));
  cache.absorb(raw(12, 'written'));
  cache.replaceAll([slim(raw(5, 'seen'))], '10');
  expect(cache.get('a/one')?.note).toBe('written');
});

test('replaceAll() keeps an object created by ourselves after the list was made', () => {
  const { cache, changes } = aCache();
  cache.absorb(raw(11, 'created'));
  cache.replaceAll([], '10');
  expect(cache.get('a/one')?.note).toBe('created');
  cache.replaceAll([], '20');
  expect(cache.size).toBe(0);
  expect(changes).toEqual(['a/one - -> created', 'a/one created -> -']);
});

test('replaceAll() tells only what differs', () => {
  const { cache, changes } = aCache();
  const two = { name: 'two', uid: 'uid-2' };
  const three = { name: 'three', uid: 'uid-3' };
  cache.replaceAll([slim(raw(1, 'one')), slim(raw(2, 'two', two))], '5');
  changes.length = 0;
  cache.replaceAll([slim(raw(1, 'one')), slim(raw(8, 'three', three))], '9');
  expect(changes).toEqual(['a/two two -> -', 'a/three - -> three']);
});

test('replaceAll() sees that an object was recreated under its name', () => {
  const { cache, changes } = aCache();
  cache.apply('ADDED', raw(5, 'old'));
  cache.replaceAll([slim(raw(9, 'new', { uid: 'uid-2' }))], '10');
  expect(changes.at(-1)).toBe('a/one old -> new');
  cache.absorb(raw(11, 'late answer on the old'));
  expect(cache.get('a/one')?.note).toBe('new');
});

test('onChange() keeps a listener that throws from the others and from the cache', () => {
  const { cache, errors } = aCache();
  const seen: string[] = [];
  cache.onChange(() => {
    throw new Error('broken listener');
  });
  cache.onChange((key) => seen.push(key));
  cache.apply('ADDED', raw(5, 'first'));
  expect(cache.get('a/one')?.note).toBe('first');
  expect(seen).toEqual(['a/one']);
  expect(errors).toEqual([new Error('broken listener')]);
});
