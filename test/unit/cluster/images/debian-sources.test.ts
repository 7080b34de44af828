import { expect, test } from 'vitest';
import { parseDeb822, parseSourcesList, sourcesOfRelease } from '../../../cluster/images/debian-sources.ts';

test('parseDeb822() gives one source for each address and suite of each stanza', () => {
  const text = `Types: deb
# A remark amid the fields
URIs: http://one.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb deb-src
URIs: http://two.example/security
Suites: bookworm-security
Components: main
 contrib
`;
  const signedBy = '/usr/share/keyrings/debian.gpg';
  expect(parseDeb822(text)).toEqual([
    { uri: 'http://one.example/debian', suite: 'bookworm', components: ['main'], signedBy },
    { uri: 'http://one.example/debian', suite: 'bookworm-updates', components: ['main'], signedBy },
    { uri: 'http://two.example/security', suite: 'bookworm-security', components: ['main', 'contrib'] },
  ]);
});

test.each([
  { name: 'a stanza that is off', text: 'Types: deb\nEnabled: no\nURIs: http://x\nSuites: s\nComponents: main\n' },
  { name: 'sources of source packages', text: 'Types: deb-src\nURIs: http://x\nSuites: s\nComponents: main\n' },
  { name: 'an empty file', text: '\n' },
])('parseDeb822() leaves out $name', ({ text }) => {
  expect(parseDeb822(text)).toEqual([]);
});

test('parseDeb822() takes a key that stands in the stanza itself for no file', () => {
  const text =
    'Types: deb\nURIs: http://x\nSuites: s\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n';
  expect(parseDeb822(text)).toEqual([{ uri: 'http://x', suite: 's', components: ['main'] }]);
});

test('parseSourcesList() reads options, and passes over remarks and source packages', () => {
  const text = `# deb http://no.example/debian bookworm main
deb-src http://no.example/debian bookworm main
deb [arch=amd64 signed-by=/key.gpg] http://one.example/debian bookworm main contrib # remark
deb http://two.example/debian bookworm-updates main`;
  expect(parseSourcesList(text)).toEqual([
    { uri: 'http://one.example/debian', suite: 'bookworm', components: ['main', 'contrib'], signedBy: '/key.gpg' },
    { uri: 'http://two.example/debian', suite: 'bookworm-updates', components: ['main'] },
  ]);
});

test('sourcesOfRelease() puts the main suite first and leaves out what belongs to others', () => {
  const source = (suite: string) => ({ uri: 'http://x', suite, components: ['main'] });
  const sources = ['bookworm-security', 'cloud-sdk-bookworm', 'bookworm', 'trixie'].map(source);
  expect(sourcesOfRelease(sources, 'bookworm').map(({ suite }) => suite)).toEqual(['bookworm', 'bookworm-security']);
});
