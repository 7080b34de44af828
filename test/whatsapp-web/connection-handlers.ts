import type { Log } from '../admin-http/log.ts';
import { BadRequestError } from '../admin-http/request-errors.ts';
import type { LoginLog } from '../stand-ins/login-log.ts';
import type { LinkedDevice, LinkedDevices } from './linked-devices.ts';
import type { Messages } from './messages.ts';
import type { ConnectionHandlers, LivePages, PageConnection } from './page-connection.ts';
import type { Credentials, FromPage, PageKeys } from './page-protocol.ts';
import type { Pairing } from './pairing.ts';

interface Dependencies {
  readonly devices: LinkedDevices;
  readonly live: LivePages;
  readonly logins: LoginLog;
  readonly pairing: Pairing;
  readonly login: (connection: PageConnection, credentials: Credentials, keys: PageKeys) => void;
  readonly messages: Messages;
  readonly changed: () => void;
  readonly log: Log;
}

/** Gives what a page says to whom it concerns. */
export function createConnectionHandlers(dependencies: Dependencies): ConnectionHandlers {
  const { devices, live, logins, pairing, login, messages, changed, log } = dependencies;

  function onTold(connection: PageConnection, told: FromPage) {
    switch (told.type) {
      case 'hello':
        if (told.login) return login(connection, told.login, told.keys);
        return pairing.offer(connection, told.keys);
      case 'request-references':
        return pairing.offerAgain(connection);
      case 'request-code':
        return pairing.requestCode(connection, told.request, told.phone);
      case 'send':
        return messages.onSend(connection, deviceOf(connection), told);
      case 'received':
        return messages.onReceived(deviceOf(connection), told.id);
      case 'logout':
        devices.remove(deviceOf(connection));
        changed();
        return connection.send({ type: 'answer', request: told.request });
      case 'ping':
        return connection.send({ type: 'pong' });
    }
  }

  function deviceOf(connection: PageConnection): LinkedDevice {
    const device = live.deviceOf(connection);
    if (!device) throw new BadRequestError('type', 'the page has not logged in', 'say hello with a token first');
    return device;
  }

  return {
    onTold,
    onClose(connection, code) {
      logins.close(connection, code);
      pairing.forget(connection);
      live.remove(connection);
    },
    onError(connection, error) {
      log('Page not understood', { connection: connection.id, error: String(error) });
    },
  };
}
