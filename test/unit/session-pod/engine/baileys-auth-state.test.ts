import { baileysAuthState } from '@berth/session-pod/engine/baileys-auth-state.ts';
import { CredentialsCorruptError, openCredentialStore } from '@berth/session-pod/storage/credential-store.ts';
import { expect, onTestFinished, test } from 'vitest';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';

function aStore() {
  const store = openCredentialStore(aTemporaryDirectory());
  onTestFinished(() => store.close());
  return store;
}
const noFailure = (error: unknown) => {
  throw error;
};

test('baileysAuthState() makes new credentials once, and gives the same ones afterwards', () => {
  const store = aStore();
  const first = baileysAuthState(store, noFailure);
  first.state.creds.me = { id: '5511999999999:1@s.whatsapp.net' };
  first.saveCredentials();
  expect(baileysAuthState(store, noFailure).state.creds).toEqual(first.state.creds);
});

test('baileysAuthState() keeps keys of every shape, and removes those set to null', async () => {
  const store = aStore();
  const { keys } = baileysAuthState(store, noFailure).state;
  const preKey = { public: Buffer.from([1]), private: Buffer.from([2]) };
  const syncKey = { keyData: Buffer.from([3]), timestamp: 5 };
  await keys.set({
    'pre-key': { '1': preKey, '2': preKey },
    session: { 'a.0': Buffer.from([4]) },
    'device-list': { a: ['0', '1'] },
    'app-state-sync-key': { k: syncKey },
  });
  await keys.set({ 'pre-key': { '2': null } });
  const again = baileysAuthState(store, noFailure).state.keys;
  expect(await again.get('pre-key', ['1', '2'])).toEqual({ '1': preKey });
  expect(await again.get('session', ['a.0'])).toEqual({ 'a.0': Buffer.from([4]) });
  expect(await again.get('device-list', ['a'])).toEqual({ a: ['0', '1'] });
  const revived = (await again.get('app-state-sync-key', ['k']))['k'];
  expect(revived?.keyData).toEqual(Buffer.from([3]));
  expect(Number(revived?.timestamp)).toBe(5);
});

test.each(['', 'null', '{}', '{"noiseKey":{"public":"x"}}', '{"noiseKey":{"pub'])(
  'baileysAuthState() refuses the credentials %j instead of registering anew',
  (text) => {
    const store = aStore();
    store.writeCredentials(text);
    expect(() => baileysAuthState(store, noFailure)).toThrow(CredentialsCorruptError);
    expect(store.readCredentials()).toBe(text);
  },
);

test('baileysAuthState() tells of a key that it cannot read or write', async () => {
  const store = aStore();
  const failures: unknown[] = [];
  const { keys } = baileysAuthState(store, (error) => failures.push(error)).state;
  store.writeKeys([{ type: 'session', id: 'a.0', value: '{"type":"Buf' }]);
  await expect(async () => keys.get('session', ['a.0'])).rejects.toThrow(CredentialsCorruptError);
  store.close();
  await expect(async () => keys.set({ session: { 'b.0': Buffer.from([1]) } })).rejects.toThrow('Cannot write');
  expect(failures).toHaveLength(2);
});
