import { SessionEndRefusedError } from '@berth/operator/act/session-end-refused-error.ts';
import { createSessionEnds } from '@berth/operator/act/session-ends.ts';
import type { ApiRequest, KubernetesClient } from '@berth/operator/kubernetes/client.ts';
import { ApiError } from '@berth/operator/kubernetes/errors.ts';
import { createRefusedEnds } from '@berth/operator/observe/refused-ends.ts';
import { slimSessionEnd } from '@berth/operator/observe/slim-session.ts';
import { createSlimCache } from '@berth/operator/watch/slim-cache.ts';
import { expect, test } from 'vitest';
import { anObserved } from '../../../builders/observed.ts';
import { keepingLog } from '../../../integration/proxied-api.ts';
import { aSessionEnd } from '../deliver/a-session-end.ts';

const { spec } = aSessionEnd({ sinks: [{ url: 'https://sink.example.com/secret/path?token=hush' }] });
const action = { type: 'CreateSessionEnd', name: 'alice-run-1', spec } as const;
const signal = new AbortController().signal;

type Answers = Partial<
  Record<'POST shop' | 'GET shop' | 'POST berth-system' | 'GET berth-system', number | 'terminating'>
>;

/** An API server that answers each request, by its method and namespace, with a status; 0 is no answer. */
function aWorld(answers: Answers) {
  const requests: string[] = [];
  const told: string[] = [];
  let nowMs = 1_000_000;
  const request = async ({ method, path }: ApiRequest) => {
    const what = `${method} ${path.includes('/shop/') ? 'shop' : 'berth-system'}` as keyof Answers;
    requests.push(what);
    const answer = answers[what] ?? (method === 'GET' ? 404 : 201);
    if (answer === 200 || answer === 201) return aSessionEnd();
    const causes = answer === 'terminating' ? ['NamespaceTerminating'] : [];
    const status = answer === 'terminating' ? 403 : answer;
    throw new ApiError({ method, path, status, reason: '', message: `answer ${answer}`, causes });
  };
  const taken: string[] = [];
  const log = keepingLog();
  const refusedEnds = createRefusedEnds({ deadlineMs: 120_000 });
  const sessionEnds = createSessionEnds({
    client: { request, nowMs: () => nowMs } as unknown as KubernetesClient,
    sessionEnds: createSlimCache({ slim: slimSessionEnd }),
    refusedEnds,
    unrecorded: { take: ({ run }) => taken.push(`take ${run.uid}`), forget: (uid) => taken.push(`forget ${uid}`) },
    events: { record: (_subject, type, reason) => told.push(`${type} ${reason}`), flush: async () => undefined },
    operatorNamespace: 'berth-system',
    onCreated: () => told.push('created'),
    onLost: () => told.push('lost'),
    log,
  });
  /** One attempt, so many milliseconds after the one before. */
  const create = async (afterMs = 0) => {
    nowMs += afterMs;
    return sessionEnds.create(anObserved(), action, signal).then(
      () => undefined,
      (error: unknown) => error,
    );
  };
  return { create, requests, told, taken, log, standIn: () => refusedEnds.standIn('run-1', nowMs) };
}

test('create() keeps a refusal to the own namespace for 10 s', async () => {
  const { create, requests, taken } = aWorld({ 'POST shop': 403 });
  expect(await create()).toBeInstanceOf(SessionEndRefusedError);
  expect(await create(9_000)).toBeInstanceOf(SessionEndRefusedError);
  expect(requests).toEqual(['POST shop', 'POST shop']);
  expect(await create(1_000)).toBeUndefined();
  expect(requests.slice(2)).toEqual(['POST shop', 'POST berth-system']);
  expect(taken).toEqual(['forget run-1']);
});

test('create() goes elsewhere at once where the namespace is being deleted', async () => {
  const { create, requests } = aWorld({ 'POST shop': 'terminating' });
  expect(await create()).toBeUndefined();
  expect(requests).toEqual(['POST shop', 'POST berth-system']);
});

test('create() makes no request while it backs off', async () => {
  const { create, requests } = aWorld({ 'POST shop': 403 });
  const first = (await create()) as SessionEndRefusedError;
  const again = (await create(1)) as SessionEndRefusedError;
  expect(requests).toHaveLength(1);
  expect(again.retryInMs).toBe(first.retryInMs - 1);
});

test.each([0, 500, 429])(
  'create() takes an answer of %i for a refusal when the record is not there',
  async (status) => {
    const { create, requests } = aWorld({ 'POST shop': status });
    expect(await create()).toBeInstanceOf(SessionEndRefusedError);
    expect(requests).toEqual(['POST shop', 'GET shop']);
  },
);

test('create() finds the record that was made although no answer came', async () => {
  const { create, told } = aWorld({ 'POST shop': 0, 'GET shop': 200 });
  expect(await create()).toBeUndefined();
  expect(told).toEqual([]);
});

test('create() does not take an API server that is down for a refusal', async () => {
  const { create, standIn } = aWorld({ 'POST shop': 0, 'GET shop': 0 });
  for (const afterMs of [0, 60_000, 60_000, 60_000]) expect(await create(afterMs)).toBeInstanceOf(ApiError);
  expect(standIn()).toBeUndefined();
});

test('create() refused everywhere: logged once and in full, offered to memory, and lost once after the deadline', async () => {
  const { create, told, taken, log, standIn } = aWorld({ 'POST shop': 'terminating', 'POST berth-system': 403 });
  for (const afterMs of [0, 60_000, 59_000]) expect(await create(afterMs)).toBeInstanceOf(SessionEndRefusedError);
  expect([told, standIn()]).toEqual([[], undefined]);
  expect(await create(20_000)).toMatchObject({ retryInMs: 0 });
  expect(told).toEqual(['Warning SessionEndLost', 'lost']);
  expect(standIn()).toMatchObject({ isLost: true, reason: 'force_killed' });
  await create(30_000);
  expect(told).toHaveLength(2);
  expect(new Set(taken)).toEqual(new Set(['take run-1']));
  const records = log.lines.filter((line) => line.startsWith('Session end refused everywhere'));
  expect(records).toHaveLength(1);
  expect(records[0]).toContain('"reason":"force_killed"');
  expect(records[0]).toContain('"sinks":["https://sink.example.com"]');
  expect(log.lines.join()).not.toContain('hush');
});
