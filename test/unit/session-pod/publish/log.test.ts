import { createLog } from '@berth/session-pod/publish/log.ts';
import { expect, onTestFinished, test, vi } from 'vitest';

test('createLog() prints an error with its cause, without what a library hung on it', () => {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => lines.push(String(chunk)) > 0);
  onTestFinished(() => write.mockRestore());
  const log = createLog('info', { run: 'run-1' }, process.stdout);
  const error = new Error('closed', { cause: new TypeError('no socket') });
  log.info({ err: Object.assign(error, { code: 'X', data: { jid: 'secret' } }), qr: 'secret' }, 'Failed');
  expect(lines.join('')).not.toContain('secret');
  expect(JSON.parse(lines.join(''))).toMatchObject({
    level: 'info',
    run: 'run-1',
    msg: 'Failed',
    err: { name: 'Error', message: 'closed', code: 'X', cause: { name: 'TypeError', message: 'no socket' } },
  });
});
