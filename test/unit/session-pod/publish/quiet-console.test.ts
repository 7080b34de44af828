import { createLog } from '@berth/session-pod/publish/log.ts';
import { quietConsole } from '@berth/session-pod/publish/quiet-console.ts';
import { expect, onTestFinished, test, vi } from 'vitest';

test('quietConsole() lets no value of a library reach the output', () => {
  const original = { ...console };
  onTestFinished(() => void Object.assign(console, original));
  const log = createLog('silent', {});
  const debug = vi.spyOn(log, 'debug').mockImplementation(() => {});
  quietConsole(log);
  console.info('Closing session:', { privKey: 'secret' });
  console.warn('Unexpected 5511999999999');
  console.error({ privKey: 'secret' });
  expect(debug.mock.calls).toEqual([
    [{ said: 'Closing session:' }, 'Library printed'],
    [{ said: 'Unexpected #' }, 'Library printed'],
    [{ said: 'object' }, 'Library printed'],
  ]);
});
