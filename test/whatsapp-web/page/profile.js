const names = { noise: 'WANoiseInfo', secret: 'WAAdvSecret', login: 'WALogin' };

/**
 * What links this profile of the browser to a phone. As on the real site it is in two places, and is worth nothing when one of
 * them is lost: the noise key and the login in localStorage, which Chromium writes to disk only seconds later, the identity key
 * in IndexedDB.
 */
export class Profile {
  #database;
  keys;

  static async open(database) {
    const profile = new Profile();
    profile.#database = database;
    profile.keys = { noise: keyInStorage(names.noise), secret: keyInStorage(names.secret), identity: '' };
    profile.keys.identity = await profile.#identityKey();
    return profile;
  }

  /** Phone and token of an earlier pairing, or nothing. */
  get login() {
    const stored = localStorage.getItem(names.login);
    return stored ? JSON.parse(stored) : undefined;
  }

  link(login) {
    localStorage.setItem(names.login, JSON.stringify(login));
  }

  /** Forgets all: the next load of the page makes new keys. */
  async clear() {
    localStorage.clear();
    await this.#database.clear();
  }

  async #identityKey() {
    const stored = await this.#database.get('keys', 'identity');
    if (stored) return stored;
    const key = newKey();
    await this.#database.put('keys', 'identity', key);
    return key;
  }
}

export const encodeBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
export const decodeBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

const newKey = () => encodeBase64(crypto.getRandomValues(new Uint8Array(32)));

function keyInStorage(name) {
  const stored = localStorage.getItem(name);
  if (stored) return stored;
  const key = newKey();
  localStorage.setItem(name, key);
  return key;
}
