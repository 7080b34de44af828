import type {
  AuthenticationCreds,
  AuthenticationState,
  SignalDataSet,
  SignalDataTypeMap,
} from '@whiskeysockets/baileys';
import { BufferJSON, initAuthCreds, proto } from '@whiskeysockets/baileys';
import type { CredentialStore, KeyChange } from '../storage/credential-store.ts';
import { CredentialsCorruptError } from '../storage/credential-store.ts';

/** Baileys' auth state on a credential store, and the way to save it when Baileys has changed the credentials. */
export interface BaileysAuthState {
  readonly state: AuthenticationState;
  /** Durable on return. @throws {CredentialStoreError} */
  saveCredentials(): void;
}

/**
 * Reads Baileys' credentials from the store, or makes and stores new ones where there are none.
 * @param onFailure hears of every read or write of a key that failed: Baileys itself would only log and carry on with
 *   keys that are nowhere stored
 * @throws {CredentialsCorruptError} what is stored is not Baileys' credentials
 */
export function baileysAuthState(store: CredentialStore, onFailure: (error: unknown) => void): BaileysAuthState {
  const stored = store.readCredentials();
  const creds = stored === undefined ? initAuthCreds() : parseCredentials(stored, store.file);
  const saveCredentials = () => store.writeCredentials(JSON.stringify(creds, BufferJSON.replacer));
  if (stored === undefined) saveCredentials();
  return {
    saveCredentials,
    state: {
      creds,
      keys: {
        get: (type, ids) => reporting(onFailure, () => readKeys(store, type, ids)),
        set: (data) => reporting(onFailure, () => store.writeKeys(keyChanges(data))),
      },
    },
  };
}

function parseCredentials(text: string, file: string): AuthenticationCreds {
  const creds = parse(text, file) as Partial<AuthenticationCreds> | null;
  const pairs = [creds?.noiseKey, creds?.signedIdentityKey, creds?.signedPreKey?.keyPair];
  const isComplete =
    pairs.every((pair) => pair?.private instanceof Uint8Array && pair.public instanceof Uint8Array) &&
    typeof creds?.advSecretKey === 'string' &&
    Number.isInteger(creds.registrationId);
  if (!isComplete) throw new CredentialsCorruptError(file, 'parts of them are missing');
  return creds as AuthenticationCreds;
}

function readKeys<T extends keyof SignalDataTypeMap>(
  store: CredentialStore,
  type: T,
  ids: readonly string[],
): { [id: string]: SignalDataTypeMap[T] } {
  const found: { [id: string]: SignalDataTypeMap[T] } = {};
  for (const [id, text] of store.readKeys(type, ids)) {
    const value = parse(text, store.file);
    // Baileys wants this one as an instance of its protobuf class, not as the plain object that JSON gives.
    const revived =
      type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value as object) : value;
    found[id] = revived as SignalDataTypeMap[T];
  }
  return found;
}

function keyChanges(data: SignalDataSet): KeyChange[] {
  return Object.entries(data).flatMap(([type, byId]) =>
    Object.entries(byId ?? {}).map(([id, value]) => ({
      type,
      id,
      value: value === null || value === undefined ? null : JSON.stringify(value, BufferJSON.replacer),
    })),
  );
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text, BufferJSON.reviver) as unknown;
  } catch (error) {
    throw new CredentialsCorruptError(file, 'a value is not JSON', { cause: error });
  }
}

function reporting<T>(onFailure: (error: unknown) => void, work: () => T): T {
  try {
    return work();
  } catch (error) {
    onFailure(error);
    throw error;
  }
}
