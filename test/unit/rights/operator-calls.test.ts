import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readOperatorCalls } from '../../rights/operator-calls.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const line = (second: number, name: string, username = 'system:serviceaccount:berth-system:berth-operator') =>
  JSON.stringify({
    verb: 'get',
    requestURI: '/',
    user: { username },
    userAgent: 'berth-operator',
    objectRef: { resource: 'pods', namespace: 'shop', name },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: at(second),
    stageTimestamp: at(second),
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  });

test('readOperatorCalls() reads the log that was rotated away, then the newest, without what came before or is half written', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'berth-audit-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const rotated = [line(1, 'a', 'admin'), line(2, 'early'), line(4, 'b')];
  await writeFile(join(dir, 'audit-2026-01-01T00-00-05.000.log'), `${rotated.join('\n')}\n`);
  await writeFile(join(dir, 'audit.log'), `${line(5, 'c')}\n${line(6, 'd').slice(0, -20)}`);
  await writeFile(join(dir, 'kubelet.log'), 'no JSON\n');

  const { calls, logBeginsMs } = await readOperatorCalls(dir, Date.parse(at(3)));
  expect(calls.map(({ name }) => name)).toEqual(['b', 'c']);
  expect(new Date(logBeginsMs).toISOString()).toBe(at(1));
});
