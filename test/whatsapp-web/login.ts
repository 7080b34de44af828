import type { LoginLog, LoginOutcome } from '../stand-ins/login-log.ts';
import type { LastingFaults } from './lasting-faults.ts';
import type { LinkedDevice, LinkedDevices } from './linked-devices.ts';
import type { LivePages, PageConnection } from './page-connection.ts';
import type { Credentials, PageKeys } from './page-protocol.ts';

interface Dependencies {
  readonly devices: LinkedDevices;
  readonly live: LivePages;
  readonly logins: LoginLog;
  readonly faults: LastingFaults;
  /** Called once the page was told that it is in. */
  readonly onLogin: (connection: PageConnection, device: LinkedDevice) => void;
}

/**
 * Lets a page in that is linked: by its token and by the key that it showed when it was linked.
 * Logs out a device nobody knows (any more), and tells a page of the conflict that was in before.
 */
export function createLogin({ devices, live, logins, faults, onLogin }: Dependencies) {
  return function login(connection: PageConnection, { phone, token }: Credentials, keys: PageKeys) {
    const device = devices.withToken(token);
    const known = device?.phone === phone && device.identityKey === keys.identity;
    const record = (outcome: LoginOutcome) =>
      logins.record(connection, phone, device?.address ?? `${phone}@s.whatsapp.net`, outcome);

    if (faults.has('refuse', phone)) {
      record('refused');
      return connection.drop();
    }
    if (faults.has('mute-logins', phone)) {
      record('muted');
      return connection.mute();
    }
    if (faults.has('fail-logins', phone)) {
      record('stream-error');
      return connection.end('try-again');
    }
    if (faults.has('banned', phone)) {
      record('banned');
      return connection.end('banned');
    }
    if (!known) {
      record('unknown-device');
      return connection.end('logged-out');
    }
    record('accepted');
    live.bind(device, connection)?.end('conflict');
    connection.send({ type: 'online', phone, name: `Owner of ${phone}` });
    onLogin(connection, device);
  };
}
