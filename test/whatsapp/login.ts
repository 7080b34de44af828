import type { LoginLog } from '../stand-ins/login-log.ts';
import type { Device, World } from './account.ts';
import { phoneAddress } from './address.ts';
import type { Connection, LiveClients } from './connection.ts';
import type { LoginPolicy } from './login-policy.ts';
import type { ClientHandshake } from './noise-responder.ts';
import { stanza, stanzaTime } from './stanza.ts';

interface Dependencies {
  readonly world: World;
  readonly live: LiveClients;
  readonly logins: LoginLog;
  readonly policy: LoginPolicy;
  /** Called once the client was told that it is in. */
  readonly onLogin: (connection: Connection, device: Device) => Promise<void>;
}

/**
 * Lets a client in that has an account: by its number and the key it proved in the handshake.
 * Gives 401 to a device nobody knows (any more), and 440 to the client that was in before.
 */
export function createLogin({ world, live, logins, policy, onLogin }: Dependencies) {
  return async function login(connection: Connection, { payload, noiseKey }: ClientHandshake): Promise<void> {
    const phone = String(payload.username);
    const deviceId = payload.device ?? 0;
    const device = world.accounts.get(phone)?.devices.get(deviceId);
    const record = (outcome: Parameters<LoginLog['record']>[3]) =>
      logins.record(connection, phone, phoneAddress(phone, deviceId), outcome);

    const obstacle = policy.obstacleOf(phone);
    if (obstacle?.kind === 'refuse') {
      record('refused');
      return connection.drop();
    }
    if (obstacle?.kind === 'mute') {
      record('muted');
      return connection.mute();
    }
    if (obstacle) {
      record('stream-error');
      return connection.endWithStreamError(obstacle.code);
    }
    if (!device?.noiseKey.equals(noiseKey)) {
      record('unknown-device');
      return connection.endWithFailure(401);
    }
    record('accepted');
    live.bind(device, connection)?.endWithConflict('replaced');
    connection.send(stanza('success', { t: String(stanzaTime()), lid: device.lid, props: '27', abprops: '0' }));
    await onLogin(connection, device);
  };
}
