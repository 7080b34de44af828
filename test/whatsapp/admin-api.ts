import type { AdminRoutes } from '../admin-http/admin-routes.ts';
import { choiceField, integerField, phoneField, textField } from '../admin-http/fields.ts';
import type { Inbox } from '../stand-ins/inbox.ts';
import type { LoginLog } from '../stand-ins/login-log.ts';
import { readSentFile, readSentText } from '../stand-ins/sent-file.ts';
import type { CodePairing } from './code-pairing.ts';
import type { LiveClients } from './connection.ts';
import type { Fault } from './faults.ts';
import { faultKinds } from './faults.ts';
import type { Messages } from './messages.ts';
import type { Pairing } from './pairing.ts';

interface Dependencies {
  readonly pairing: Pairing;
  readonly codePairing: CodePairing;
  readonly messages: Messages;
  readonly inbox: Inbox;
  readonly logins: LoginLog;
  readonly live: LiveClients;
  readonly causeFault: (fault: Fault) => void;
  readonly rootPublicKey: string;
  /** In PEM: what a client has to trust for the host of files. */
  readonly mediaAuthority: string;
}

const code = { pattern: /^[A-Z0-9]{8}$/, example: 'ABCD1234' };

/** What a test does as the phone and its contacts, and as the network. */
export function whatsappAdminApi(dependencies: Dependencies): AdminRoutes {
  const { pairing, codePairing, messages, inbox, logins, live, causeFault } = dependencies;
  return {
    'POST /admin/scan': (body) => ({
      device: pairing.scan(textField(body, 'qr', { example: 'https://wa.me/…#2@…,…,…,…' }), phoneField(body, 'phone')),
    }),
    'POST /admin/enter-code': async (body) => ({
      device: await codePairing.enter(textField(body, 'code', code), phoneField(body, 'phone')),
    }),
    'POST /admin/deliver': async (body) => {
      const file = readSentFile(body);
      const text = readSentText(body, file);
      return { id: await messages.deliver(phoneField(body, 'to'), phoneField(body, 'from'), text, file) };
    },
    'POST /admin/read': (body) => {
      messages.read(phoneField(body, 'phone'), textField(body, 'id', { example: '3EB0…' }));
      return {};
    },
    'POST /admin/fault': (body) => {
      const phone = body['phone'] === undefined ? undefined : phoneField(body, 'phone');
      const kind = choiceField(body, 'kind', faultKinds);
      causeFault({ kind, phone, argument: integerField(body, 'argument', 400, 599) });
      return {};
    },
    'GET /admin/inbox': (query) => inbox.of(phoneField(query, 'phone')),
    'GET /admin/connections': (query) => logins.of(phoneField(query, 'phone')),
    'GET /admin/root-key': () => ({ publicKey: dependencies.rootPublicKey }),
    'GET /admin/media-authority': () => ({ certificate: dependencies.mediaAuthority }),
    'GET /healthz': () => ({ connections: live.count }),
  };
}
