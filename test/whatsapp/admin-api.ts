import type { AdminRoutes } from '../admin-http/admin-routes.ts';
import { choiceField, type Fields, integerField, objectField, phoneField, textField } from '../admin-http/fields.ts';
import type { CodePairing } from './code-pairing.ts';
import type { Fault } from './faults.ts';
import { faultKinds } from './faults.ts';
import type { Inbox } from './inbox.ts';
import type { LiveConnections } from './live-connections.ts';
import type { LoginLog } from './login-log.ts';
import type { SentFile } from './message-content.ts';
import type { Messages } from './messages.ts';
import type { Pairing } from './pairing.ts';

interface Dependencies {
  readonly pairing: Pairing;
  readonly codePairing: CodePairing;
  readonly messages: Messages;
  readonly inbox: Inbox;
  readonly logins: LoginLog;
  readonly live: LiveConnections;
  readonly causeFault: (fault: Fault) => void;
  readonly rootPublicKey: string;
  /** In PEM: what a client has to trust for the host of files. */
  readonly mediaAuthority: string;
}

/** What may be larger than other requests: a file of 16 MiB in base64. */
export const largeAdminBodies = { 'POST /admin/deliver': 24 * 1_024 * 1_024 } as const;
const code = { pattern: /^[A-Z0-9]{8}$/, example: 'ABCD1234' };
const maxTextLength = 65_536;

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
      const file = fileIn(body);
      const mayBeEmpty = file !== undefined && (body['text'] ?? '') === '';
      const text = mayBeEmpty ? '' : textField(body, 'text', { example: 'hello', maxLength: maxTextLength });
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

function fileIn(body: Fields): SentFile | undefined {
  if (body['media'] === undefined) return undefined;
  const media = objectField(body, 'media');
  const mimetype = textField(media, 'mimetype', { pattern: /^[\w.+-]+\/[\w.+-]+(; .+)?$/, example: 'image/png' });
  const base64 = { pattern: /^[A-Za-z0-9+/]+={0,2}$/, example: 'aGVsbG8=', maxLength: 24 * 1_024 * 1_024 };
  const data = Buffer.from(textField(media, 'data', base64), 'base64');
  if (media['fileName'] === undefined) return { mimetype, data };
  return { mimetype, data, fileName: textField(media, 'fileName', { example: 'invoice.pdf', maxLength: 255 }) };
}
