import { expect, test } from 'vitest';
import { berthNamespace, release } from '../deployment/install-berth.ts';
import { helm, tryKubectl } from '../deployment/kubectl.ts';

test('`helm test` finds nothing wrong with an install, and leaves nothing behind', async () => {
  const { status, stdout, stderr } = await helm(['test', release, '--namespace', berthNamespace, '--timeout=150s'], {
    timeoutMs: 180_000,
  });
  const log = status === 0 ? '' : (await tryKubectl(['--namespace', berthNamespace, 'logs', `${release}-test`])).stdout;
  expect({ status, stderr, log }).toMatchObject({ status: 0 });
  expect(stdout).toMatch(/Phase: +Succeeded/);
  const pods = await tryKubectl(['--namespace', berthNamespace, 'get', 'pod', `${release}-test`, '--ignore-not-found']);
  expect(pods.stdout).toBe('');
}, 240_000);
