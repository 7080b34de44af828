import type { AdminRoutes } from '../admin-http/admin-routes.ts';
import { choiceField, type Fields, integerField, phoneField, textField } from '../admin-http/fields.ts';
import type { Inbox } from '../stand-ins/inbox.ts';
import type { LoginLog } from '../stand-ins/login-log.ts';
import { readSentFile, readSentText } from '../stand-ins/sent-file.ts';
import { type WebFault, webFaultKinds } from './faults.ts';
import type { MediaStore } from './media-store.ts';
import type { Messages } from './messages.ts';
import type { LivePages } from './page-connection.ts';
import type { Content } from './page-protocol.ts';
import type { Pairing } from './pairing.ts';

/** A page that takes more would take the browser's own limit, and the machine's. */
const maxHogMiB = 8_192;
const code = { pattern: /^[A-Z0-9]{8}$/, example: 'ABCD1234' };

interface Dependencies {
  readonly pairing: Pairing;
  readonly messages: Messages;
  readonly inbox: Inbox;
  readonly logins: LoginLog;
  readonly live: LivePages;
  readonly media: MediaStore;
  readonly causeFault: (fault: WebFault) => void;
  readonly spki: string;
}

/** What a test does as the phone and its contacts, and as the network: the same as for the stand-in of the protocol. */
export function whatsappWebAdminApi(dependencies: Dependencies): AdminRoutes {
  const { pairing, messages, inbox, logins, live, media, causeFault, spki } = dependencies;
  return {
    'POST /admin/scan': (body) => ({
      device: pairing.scan(textField(body, 'qr', { example: '2@…,…,…,…,1' }), phoneField(body, 'phone')),
    }),
    'POST /admin/enter-code': (body) => ({
      device: pairing.enterCode(textField(body, 'code', code), phoneField(body, 'phone')),
    }),
    'POST /admin/deliver': (body) => ({
      id: messages.deliver(phoneField(body, 'to'), phoneField(body, 'from'), contentOf(body, media)),
    }),
    'POST /admin/read': (body) => {
      messages.read(phoneField(body, 'phone'), textField(body, 'id', { example: '3EB0…' }));
      return {};
    },
    'POST /admin/fault': (body) => {
      const phone = body['phone'] === undefined ? undefined : phoneField(body, 'phone');
      const kind = choiceField(body, 'kind', webFaultKinds);
      causeFault({ kind, phone, argument: integerField(body, 'argument', 1, maxHogMiB) });
      return {};
    },
    'GET /admin/inbox': (query) => inbox.of(phoneField(query, 'phone')),
    'GET /admin/connections': (query) => logins.of(phoneField(query, 'phone')),
    'GET /admin/spki': () => ({ spki }),
    'GET /healthz': () => ({ connections: live.count }),
  };
}

function contentOf(body: Fields, store: MediaStore): Content {
  const file = readSentFile(body);
  const text = readSentText(body, file);
  if (!file) return { text };
  const { mimetype, data, ...named } = file;
  return { text, media: { ...store.add(mimetype, data), ...named } };
}
