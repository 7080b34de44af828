import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { imageContents } from '../../../cluster/images/image-contents.ts';
import { projectDir } from '../../../cluster/paths.ts';

interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly version?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly workspaces?: readonly string[];
}

const readJson = async <T>(file: string) => JSON.parse(await readFile(join(projectDir, file), 'utf8')) as T;
const root = await readJson<{ workspaces: string[]; allowScripts: Record<string, boolean>; puppeteer: object }>(
  'package.json',
);
const { packages } = await readJson<{ packages: Record<string, Manifest> }>('package-lock.json');
const enginePackages = 'session-pod/engine/packages';
const engines = root.workspaces.filter((folder) => folder.startsWith(`${enginePackages}/`));

/** Names of all packages that an image gets: those of its workspaces, and what they lead to by the lockfile. */
function packagesOf(image: string): Set<string> {
  const contents = imageContents.find((each) => each.image === image);
  if (contents === undefined) throw new RangeError(`Cannot tell the packages: there is no image "${image}"`);
  const { workspaces, omit = [] } = contents;
  const seen = new Set<string>();
  const visit = (at: string) => {
    if (seen.has(at)) return;
    seen.add(at);
    const { dependencies, optionalDependencies, peerDependencies } = packages[at] ?? {};
    const wanted = {
      ...dependencies,
      ...(omit.includes('optional') ? {} : optionalDependencies),
      ...(omit.includes('peer') ? {} : peerDependencies),
    };
    for (const name of Object.keys(wanted)) {
      const found = resolved(at, name);
      if (found !== undefined) visit(found);
    }
  };
  workspaces.forEach(visit);
  return new Set([...seen].map((at) => at.split('node_modules/').at(-1) ?? at));
}

/** Where Node finds a package that the one at `from` asks for: the nearest `node_modules` upwards. */
function resolved(from: string, name: string): string | undefined {
  for (let at = from; ; at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '') {
    const candidate = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    const entry = packages[candidate];
    if (entry !== undefined) return entry.link ? entry.resolved : candidate;
    if (at === '') return undefined;
  }
}

const baileysAlone = ['@whiskeysockets/baileys', 'libsignal', 'protobufjs', 'whatsapp-rust-bridge'];
const browserAlone = ['whatsapp-web.js', 'puppeteer', 'puppeteer-core', '@puppeteer/browsers', 'chromium-bidi'];

test.each([
  { image: 'session-baileys', holds: baileysAlone, not: browserAlone },
  { image: 'session-whatsapp-web-js', holds: browserAlone, not: [...baileysAlone, 'typescript', 'archiver'] },
  { image: 'operator', holds: ['@kubernetes/client-node'], not: [...baileysAlone, ...browserAlone] },
])('the image $image holds the packages of its own engine and of no other', ({ image, holds, not }) => {
  const names = packagesOf(image);
  expect(holds.filter((name) => !names.has(name))).toEqual([]);
  expect(not.filter((name) => names.has(name))).toEqual([]);
});

describe.each(engines)('the engine packages in %s', (folder) => {
  test('are found from the code of the engine, which lies beside them', async () => {
    const { dependencies = {} } = await readJson<Manifest>(`${folder}/package.json`);
    const found = Object.keys(dependencies).map((name) => [name, packages[`node_modules/${name}`]?.version]);
    // A version in the workspace's own node_modules would be neither found nor brought into the image.
    expect(Object.fromEntries(found)).toEqual(dependencies);
    expect(Object.keys(packages).filter((at) => at.startsWith(`${folder}/node_modules`))).toEqual([]);
  });

  test('are wanted by no other workspace, but for tests', async () => {
    const { name = '' } = await readJson<Manifest>(`${folder}/package.json`);
    for (const other of root.workspaces) {
      const { dependencies = {} } = await readJson<Manifest>(`${other}/package.json`);
      expect(Object.keys(dependencies)).not.toContain(name);
    }
  });
});

test('session-pod itself asks for the packages of no engine', async () => {
  const { dependencies = {} } = await readJson<Manifest>('session-pod/package.json');
  expect(Object.keys(dependencies).filter((name) => [...baileysAlone, ...browserAlone].includes(name))).toEqual([]);
});

test('installing the packages downloads no browser, whatever npm and environment', () => {
  expect(root.allowScripts['puppeteer']).toBe(false);
  expect(root.puppeteer).toEqual({ skipDownload: true });
});
