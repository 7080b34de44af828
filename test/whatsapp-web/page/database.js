const name = 'stand-in';
const stores = ['keys', 'messages', 'chats'];

/** What the page keeps in IndexedDB. Values are found by their key; they are plain data. */
export class Database {
  #database;

  static async open() {
    const opened = new Database();
    const request = indexedDB.open(name, 1);
    request.addEventListener('upgradeneeded', () => {
      for (const store of stores) request.result.createObjectStore(store);
    });
    opened.#database = await resultOf(request);
    return opened;
  }

  get(store, key) {
    return resultOf(this.#database.transaction(store).objectStore(store).get(key));
  }

  all(store) {
    return resultOf(this.#database.transaction(store).objectStore(store).getAll());
  }

  /** Resolves once it is written, as far as Chromium says so. */
  put(store, key, value) {
    return finished(this.#database.transaction(store, 'readwrite'), (open) => open.objectStore(store).put(value, key));
  }

  remove(store, key) {
    return finished(this.#database.transaction(store, 'readwrite'), (open) => open.objectStore(store).delete(key));
  }

  clear() {
    return finished(this.#database.transaction(stores, 'readwrite'), (open) => {
      for (const store of stores) open.objectStore(store).clear();
    });
  }
}

function finished(transaction, change) {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => reject(transaction.error));
    change(transaction);
  });
}

function resultOf(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}
