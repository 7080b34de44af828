import { Connection } from './connection.js';
import { Database } from './database.js';
import { Linking } from './linking.js';
import { Messages } from './messages.js';
import { Model } from './model.js';
import { siteModules } from './modules.js';
import { Profile } from './profile.js';
import { Session } from './session.js';

/** Stands in for the code of WhatsApp Web: whatsapp-web.js finds its modules and its version, and the page connects. */
const settings = JSON.parse(document.getElementById('settings').textContent);
const database = await Database.open();
const profile = await Profile.open(database);
const Socket = new Model({ state: 'OPENING', hasSynced: false });
const Conn = new Model({
  ref: undefined,
  wid: undefined,
  pushname: undefined,
  platform: 'android',
  battery: undefined,
  plugged: undefined,
});
const Cmd = new Model();

const connection = new Connection(settings, {
  onOpen: () => session.onOpen(),
  onTold: (told) => session.onTold(told),
  onLost: () => session.onLost(),
});
const messages = new Messages({ database, connection });
const linking = new Linking({ settings, connection, Socket, Conn });
const session = new Session({ profile, connection, messages, linking, Socket, Conn, Cmd });
await messages.restore();

Object.assign(Socket, { logout: () => session.logout(), takeover: () => session.takeover() });
Object.assign(Cmd, {
  refreshQR: () => linking.refresh(),
  openChatBottom: async () => {},
  openDrawerMid: async () => {},
});
const modules = siteModules({ profile, session, messages, linking, Socket, Conn, Cmd });
// An update of the page has given other names to what whatsapp-web.js asks for: at once, or only after the login.
if (settings.breaksInjection) for (const name of Object.keys(modules)) delete modules[name];
if (settings.breaksReady) delete modules.WAWebSyncGatingUtils;
window.require = (name) => {
  if (Object.hasOwn(modules, name)) return modules[name];
  throw new Error(`Requiring unknown module "${name}".`);
};
window.Debug = { VERSION: '2.3000.1040000000' };
connection.open();
