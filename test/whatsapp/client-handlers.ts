import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Log } from '../admin-http/log.ts';
import type { LoginLog } from '../stand-ins/login-log.ts';
import type { Device } from './account.ts';
import type { CodePairing } from './code-pairing.ts';
import type { Connection, ConnectionHandlers, LiveClients } from './connection.ts';
import type { createLogin } from './login.ts';
import type { Messages } from './messages.ts';
import type { Pairing } from './pairing.ts';
import type { createQueries } from './queries.ts';
import { firstTagOf, ProtocolError, serverDomain, stanza } from './stanza.ts';

interface Dependencies {
  readonly live: LiveClients;
  readonly logins: LoginLog;
  readonly pairing: Pairing;
  readonly codePairing: CodePairing;
  readonly login: ReturnType<typeof createLogin>;
  readonly messages: Messages;
  readonly answerQuery: ReturnType<typeof createQueries>;
  readonly log: Log;
}

/** Leads what a client does to the part that knows about it. */
export function createClientHandlers(dependencies: Dependencies): ConnectionHandlers {
  const { live, logins, pairing, codePairing, login, messages, answerQuery, log } = dependencies;

  async function onDeviceStanza(connection: Connection, device: Device, received: BinaryNode) {
    switch (received.tag) {
      case 'iq':
        if (connection.cutsAtLogout && firstTagOf(received) === 'remove-companion-device') return connection.drop();
        if (received.attrs['type'] !== 'result') connection.send(answerQuery(connection, device, received));
        return;
      case 'message':
        return messages.onMessage(connection, device, received);
      case 'receipt':
        return messages.onReceipt(connection, device, received);
      case 'ack':
        return messages.onAck(device, received);
      default: // Presence and the like need no answer.
    }
  }

  return {
    onHandshake: async (connection, handshake) => {
      log('Client arrived', { connection: connection.id });
      if (handshake.payload.devicePairingData) pairing.offer(connection, handshake);
      else await login(connection, handshake);
    },
    onStanza: async (connection, received) => {
      const device = live.deviceOf(connection);
      if (device) return onDeviceStanza(connection, device, received);
      if (received.tag !== 'iq') return;
      const { type, xmlns, id = '' } = received.attrs;
      if (type === 'result') pairing.complete(connection, received);
      else if (firstTagOf(received) === 'link_code_companion_reg') codePairing.onRequest(connection, received);
      // A client that shows a QR code pings as well, and would give up after two keepalives without an answer.
      else if (xmlns === 'w:p') connection.send(stanza('iq', { from: serverDomain, type: 'result', id }));
    },
    onClose: (connection, code) => {
      logins.close(connection, code);
      live.remove(connection);
      pairing.forget(connection);
      codePairing.forget(connection);
      log('Client left', { connection: connection.id, code });
    },
    onError: (connection, error) => log('Connection broken', { connection: connection.id, error: describe(error) }),
  };
}

/** Of an error of somebody else's code only its class: its message may hold what was sent. */
function describe(error: unknown): string {
  if (error instanceof ProtocolError) return error.message;
  return error instanceof Error ? error.name : typeof error;
}
