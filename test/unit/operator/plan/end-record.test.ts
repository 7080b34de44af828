import { recordEnd } from '@berth/operator/plan/end-record.ts';
import type { ObservedPod } from '@berth/operator/plan/observed.ts';
import { expect, test } from 'vitest';
import { anObserved, aPod, aRunningSession, at, containers, nowMs, planConfig } from '../../../builders/observed.ts';

function recorded(pod: Partial<ObservedPod>, session = aRunningSession()) {
  const action = recordEnd(aPod(pod), anObserved({ session }), true);
  if (action.type !== 'CreateSessionEnd') throw new Error(`It is ${action.type}`);
  return action.spec;
}

test('recordEnd() takes the present for the end when the kubelet does not know it', () => {
  const { finishedAtMs: _, ...container } = containers.terminated;
  expect(recorded({ container }).endedAt).toBe(new Date(nowMs).toISOString());
  expect(recorded({ container: containers.terminated }).endedAt).toBe(new Date(at(-1)).toISOString());
});

test('recordEnd() cuts last words to what the record can hold', () => {
  const message = JSON.stringify({ reason: 'banned', message: 'é'.repeat(3_000) });
  const { message: told } = recorded({ container: { ...containers.terminated, message } });
  expect(told).toBe(`${'é'.repeat(2_047)}…`);
});

test('recordEnd() takes the engine of a pod without session from its annotation only if there is such an engine', () => {
  const foreign = { sessionUid: 'session-0', container: containers.terminated };
  expect(recorded({ ...foreign, engine: 'Baileys' }).engine).toBe('Baileys');
  expect(recorded({ ...foreign, engine: 'WhatsAppWebJS' }).engine).toBe('WhatsAppWebJS');
  expect(recorded({ ...foreign, engine: 'toString' }).engine).toBe('unknown');
  expect(recorded({ ...foreign, engine: 'x'.repeat(100) }).engine).toBe('unknown');
});

test('recordEnd() tells the sinks of the cluster first, also for a pod without session, and never by its annotation', () => {
  const audit = 'https://audit.example.com/';
  const own = { url: 'https://own.example.com/', secretRef: { name: 'hook', key: 'key' } };
  const config = { ...planConfig, clusterSinks: [audit] };
  const told = (pod: Partial<ObservedPod>, session = aRunningSession()) => {
    const action = recordEnd(aPod({ container: containers.terminated, ...pod }), anObserved({ session, config }), true);
    return action.type === 'CreateSessionEnd' ? action.spec.sinks : action;
  };
  const webhooks = [
    { ...own, events: ['session_end' as const] },
    { url: audit, events: ['session_end' as const], secretRef: own.secretRef },
  ];
  const sinks = [{ url: audit, cluster: true }, own];
  expect(told({}, aRunningSession({ spec: { engine: 'Baileys', webhooks } }))).toEqual(sinks);
  expect(told({ sessionUid: 'session-0', sinks: [{ ...own, cluster: true }] })).toEqual(sinks);
});
