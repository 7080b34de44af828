import { baileysLog } from '@berth/session-pod/engine/baileys-log.ts';
import { createLog } from '@berth/session-pod/publish/log.ts';
import { expect, test, vi } from 'vitest';

test('baileysLog() keeps keys, stanzas and phone numbers out of the log', () => {
  const log = createLog('silent', {});
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
  const logger = baileysLog(log).child({ jid: '5511999999999@s.whatsapp.net' });
  logger.info({ me: '5511999999999' }, 'logged in');
  logger.warn('no session for 5511999999999@s.whatsapp.net');
  logger.error({ err: new Error('bad mac of 5511999999999'), key: { privKey: 'secret' } }, 'failed to decrypt');
  expect(warn.mock.calls).toEqual([
    [{ said: 'no session for #@s.whatsapp.net', because: undefined }, 'Baileys warns'],
    [{ said: 'failed to decrypt', because: 'bad mac of #' }, 'Baileys warns'],
  ]);
});
