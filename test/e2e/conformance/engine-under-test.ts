import type { EngineCapabilities } from '@berth/session-pod/engine/capabilities.ts';
import type { ClusterWorld } from '../../deployment/cluster-world.ts';
import type { EngineName } from '../../deployment/stand-ins.ts';
import { wedge, wedgePage } from '../../deployment/wedge.ts';
import type { FaultKind, WebFaultKind } from '../../whatsapp/phone-client.ts';

/** What a case is told in, so that it is the same for every engine. */
export interface Given {
  readonly engine: EngineName;
  readonly can: EngineCapabilities;
  readonly way: EngineUnderTest;
  readonly world: () => ClusterWorld;
}

/** How the same thing is done to each engine: the one place of the suite where they differ. */
export interface EngineUnderTest {
  /** The fault with which WhatsApp bans a phone number, and its argument. */
  readonly ban: readonly [kind: FaultKind | WebFaultKind, argument?: number];
  /** Makes it hang for ever in the middle of its work, as a bug in it would. */
  wedge(world: ClusterWorld, session: string, phone: string): Promise<void>;
  /** Scripts of Node for a volume at /data. */
  readonly volume: {
    /** Leaves what a process that died, on another machine, may leave to keep others out. */
    readonly leaveLocks: string;
    /** Prints, as JSON, those of them that are still there while the next process runs. */
    readonly showLeftLocks: string;
    /** Damages the login so that it is of no use, and keeps a copy. */
    readonly corrupt: string;
    /** Fails if the run that found the damage has removed or replaced the login. */
    readonly checkLeftAlone: string;
    /** Puts the copy back. */
    readonly mend: string;
  };
  /** What it asks its proxy for: to reach WhatsApp, and to get and send files. */
  readonly tunnels: readonly string[];
}

const standIns = 'stand-ins.berth-test.svc.cluster.local';
const foreignHolder = `const fs = require('node:fs');
fs.writeFileSync('/data/holder.json', JSON.stringify({ runUid: 'dead', pod: 'elsewhere/other', pid: 1 }));`;
const leftHolder = `const fs = require('node:fs');
const left = JSON.parse(fs.readFileSync('/data/holder.json', 'utf8')).runUid === 'dead' ? ['holder.json'] : [];`;
/** Chromium's locks are links that point nowhere. The headless shell neither makes nor heeds them: the whole Chromium does. */
const foreignLinks = `const links = { SingletonLock: 'other-1', SingletonCookie: '1234567890', SingletonSocket: '/tmp/gone/SingletonSocket' };`;

export const enginesUnderTest: Readonly<Record<EngineName, EngineUnderTest>> = {
  Baileys: {
    ban: ['failure', 403],
    wedge: ({ namespace }, session) => wedge(namespace, session),
    volume: {
      leaveLocks: foreignHolder,
      showLeftLocks: `${leftHolder}
console.log(JSON.stringify(left));`,
      corrupt: `const fs = require('node:fs');
fs.copyFileSync('/data/credentials.db', '/data/kept');
fs.truncateSync('/data/credentials.db', 5000);`,
      checkLeftAlone: `const fs = require('node:fs');
const damaged = fs.readFileSync('/data/kept').subarray(0, 5000);
if (!fs.readFileSync('/data/credentials.db').equals(damaged)) throw new Error('The credentials have changed');`,
      mend: `require('node:fs').renameSync('/data/kept', '/data/credentials.db')`,
    },
    tunnels: [`${standIns}:80`, `${standIns}:7443`],
  },
  WhatsAppWebJS: {
    ban: ['banned'],
    wedge: ({ phone: phones }, _session, phone) => wedgePage(phones, phone),
    volume: {
      leaveLocks: `${foreignHolder}
${foreignLinks}
for (const [name, target] of Object.entries(links)) {
  fs.rmSync('/data/browser-profile/' + name, { force: true });
  fs.symlinkSync(target, '/data/browser-profile/' + name);
}`,
      showLeftLocks: `${leftHolder}
${foreignLinks}
for (const [name, target] of Object.entries(links)) {
  const [link] = fs.readdirSync('/data/browser-profile').filter((each) => each === name);
  if (link && fs.readlinkSync('/data/browser-profile/' + link) === target) left.push(name);
}
console.log(JSON.stringify(left));`,
      corrupt: `const fs = require('node:fs');
const profile = '/data/browser-profile';
fs.cpSync(profile, '/data/kept', { recursive: true, verbatimSymlinks: true });
const stored = ['Local Storage', 'IndexedDB'].map((name) => profile + '/Default/' + name);
const files = stored.flatMap((folder) => fs.readdirSync(folder, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile()).map((entry) => entry.parentPath + '/' + entry.name);
for (const file of files) fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));
if (files.length === 0) throw new Error('The profile holds nothing that a page has stored');`,
      // The browser itself writes into what it has found.
      checkLeftAlone: `const fs = require('node:fs');
const note = (profile) => fs.readFileSync('/data/' + profile + '/berth-login.json', 'utf8');
if (note('browser-profile') !== note('kept')) throw new Error('The login is noted otherwise');
if (!fs.existsSync('/data/browser-profile/Default')) throw new Error('The profile is gone');`,
      mend: `const fs = require('node:fs');
fs.rmSync('/data/browser-profile', { recursive: true });
fs.renameSync('/data/kept', '/data/browser-profile');`,
    },
    tunnels: ['web.whatsapp.com:443'],
  },
};
