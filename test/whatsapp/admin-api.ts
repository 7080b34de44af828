import type { AdminRoutes } from '../admin-http/admin-routes.ts';
import { choiceField, integerField, phoneField, textField } from '../admin-http/fields.ts';
import type { Fault } from './faults.ts';
import { faultKinds } from './faults.ts';
import type { Inbox } from './inbox.ts';
import type { LiveConnections } from './live-connections.ts';
import type { LoginLog } from './login-log.ts';
import type { Messages } from './messages.ts';
import type { Pairing } from './pairing.ts';

interface Dependencies {
  readonly pairing: Pairing;
  readonly messages: Messages;
  readonly inbox: Inbox;
  readonly logins: LoginLog;
  readonly live: LiveConnections;
  readonly causeFault: (fault: Fault) => void;
  readonly rootPublicKey: string;
}

/** What a test does as the phone and its contacts, and as the network. */
export function whatsappAdminApi(dependencies: Dependencies): AdminRoutes {
  const { pairing, messages, inbox, logins, live, causeFault, rootPublicKey } = dependencies;
  return {
    'POST /admin/scan': (body) => ({
      device: pairing.scan(textField(body, 'qr', { example: 'https://wa.me/…#2@…,…,…,…' }), phoneField(body, 'phone')),
    }),
    'POST /admin/deliver': async (body) => {
      const text = textField(body, 'text', { example: 'hello', maxLength: 65_536 });
      return { id: await messages.deliver(phoneField(body, 'to'), phoneField(body, 'from'), text) };
    },
    'POST /admin/fault': (body) => {
      const phone = body['phone'] === undefined ? undefined : phoneField(body, 'phone');
      const kind = choiceField(body, 'kind', faultKinds);
      causeFault({ kind, phone, argument: integerField(body, 'argument', 400, 599) });
      return {};
    },
    'GET /admin/inbox': (query) => inbox.of(phoneField(query, 'phone')),
    'GET /admin/connections': (query) => logins.of(phoneField(query, 'phone')),
    'GET /admin/root-key': () => ({ publicKey: rootPublicKey }),
    'GET /healthz': () => ({ connections: live.count }),
  };
}
