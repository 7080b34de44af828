import { expect, test } from 'vitest';
import { ApiError } from '../../../../operator/kubernetes/errors.ts';
import { createNamespacesInSight } from '../../../../operator/watch/namespaces-in-sight.ts';
import { keptLog } from '../api/kept-log.ts';

const forbidden = new ApiError({ method: 'GET', path: '/x', status: 403, reason: 'Forbidden', message: 'no' });

function aView(namespaces: readonly string[]) {
  const log = keptLog();
  const inSight = createNamespacesInSight({ namespaces, kinds: ['pods', 'sessions'], log });
  const arrived: string[] = [];
  inSight.onArrival((namespace) => void arrived.push(namespace));
  let isSettled = false;
  void inSight.settled.then(() => {
    isSettled = true;
  });
  return { inSight, arrived, log, settled: () => Promise.resolve().then(() => isSettled) };
}

test('a namespace is in sight once each kind of it was listed, and tells of that once', () => {
  const { inSight, arrived } = aView(['a', 'b']);
  inSight.listed('a', 'pods');
  expect(inSight.has('a')).toBe(false);
  inSight.listed('a', 'sessions');
  inSight.listed('a', 'sessions');
  expect([inSight.has('a'), inSight.has('b'), arrived]).toEqual([true, false, ['a']]);
});

test('a refused namespace keeps nobody waiting, is told of once, and is in sight when it is listed after all', async () => {
  const { inSight, arrived, log, settled } = aView(['a', 'b']);
  inSight.listed('a', 'pods');
  inSight.listed('a', 'sessions');
  expect(await settled()).toBe(false);
  inSight.refused('b', 'pods', forbidden);
  inSight.refused('b', 'sessions', forbidden);
  expect(await settled()).toBe(true);
  expect(log.lines.filter((line) => line.includes('Namespace is not in sight'))).toHaveLength(1);
  inSight.listed('b', 'pods');
  inSight.listed('b', 'sessions');
  expect([inSight.has('b'), arrived]).toEqual([true, ['a', 'b']]);
  expect(log.lines.join('\n')).toContain('Namespace is in sight');
});

test('a namespace that is refused again is out of sight until the refused kind was listed again', () => {
  const { inSight, arrived } = aView(['a']);
  inSight.listed('a', 'pods');
  inSight.listed('a', 'sessions');
  inSight.refused('a', 'pods', forbidden);
  expect(inSight.has('a')).toBe(false);
  inSight.listed('a', 'pods');
  expect([inSight.has('a'), arrived]).toEqual([true, ['a', 'a']]);
});

test('a namespace that was dropped, or was never named, is not in sight', async () => {
  const { inSight, settled } = aView(['a']);
  inSight.drop('a');
  inSight.listed('a', 'pods');
  inSight.listed('a', 'sessions');
  expect([inSight.has('a'), inSight.has('z'), await settled()]).toEqual([false, false, true]);
});
