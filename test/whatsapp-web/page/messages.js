import { Chat, Msg } from './message.js';
import { Collection } from './model.js';
import { createWid, MsgKey, userWid } from './wid.js';

/** The oldest goes first. */
const maxMessages = 1_000;

/** Messages and chats, in memory and in the database. What the site does not have yet is sent after the next login. */
export class Messages {
  messages = new Collection();
  chats = new Collection();
  #database;
  #connection;
  #unsent = new Map();
  #me;

  constructor({ database, connection }) {
    this.#database = database;
    this.#connection = connection;
  }

  async restore() {
    for (const { id, ...kept } of await this.#database.all('chats')) this.chats.add(new Chat(createWid(id), kept));
    const kept = await this.#database.all('messages');
    for (const each of kept.sort((one, other) => one.t - other.t)) this.#add(Msg.restore(each));
    for (const message of this.messages.getModelsArray()) {
      if (message.id.fromMe && message.ack === 0) this.#unsent.set(message.id.id, message);
    }
  }

  /** The page is logged in as this user. */
  loggedIn(me) {
    this.#me = me;
    for (const message of this.#unsent.values()) void this.#transmit(message);
  }

  chatOf(wid) {
    return this.chats.get(wid) ?? this.chats.add(new Chat(wid));
  }

  /** Takes a message from the site; it is confirmed once it is kept, so that a browser that is killed does not lose it. */
  async receive({ id, from, sentAtSeconds, content: { text, media } }) {
    const remote = userWid(from);
    const key = new MsgKey({ fromMe: false, remote, id });
    if (!this.messages.get(key)) {
      const chat = this.chatOf(remote);
      const common = {
        id: key,
        from: remote,
        to: this.#me,
        t: sentAtSeconds,
        ack: 1,
        isNewMsg: true,
        notifyName: 'Contact',
      };
      const message = new Msg({ ...common, ...(media ? fileOf(media, text) : { body: text }) });
      chat.unreadCount += 1;
      chat.t = sentAtSeconds;
      this.#add(message);
      await Promise.all([this.#keep(message), this.#keepChat(chat)]);
    }
    this.#connection.send({ type: 'received', id });
  }

  /** Gives two promises: the message is in its chat, and the site has it. */
  send(chat, given) {
    const message = new Msg(given);
    chat.t = message.t;
    this.#add(message);
    this.#unsent.set(message.id.id, message);
    const kept = Promise.all([this.#keep(message), this.#keepChat(chat)]).then(() => message);
    return [kept, this.#transmit(message)];
  }

  /** The site tells how far a message has come. */
  async acknowledge({ id, level }) {
    const message = this.messages.getModelsArray().find((each) => each.id.fromMe && each.id.id === id);
    if (!message || message.ack >= level) return;
    message.ack = level;
    await this.#keep(message);
  }

  async markRead(chat) {
    chat.unreadCount = 0;
    await this.#keepChat(chat);
  }

  async #transmit(message) {
    const { directPath, filename, caption, type } = message;
    const file = directPath ? { directPath, kind: type, ...(filename && { fileName: filename }) } : {};
    const text = (directPath ? caption : message.body) ?? '';
    const sent = { type: 'send', id: message.id.id, to: String(message.to), text, ...file };
    try {
      await this.#connection.request(sent);
    } catch {
      return { messageSendResult: 'PENDING' }; // The next login sends it again.
    }
    this.#unsent.delete(message.id.id);
    await this.acknowledge({ id: message.id.id, level: 1 });
    return { messageSendResult: 'OK' };
  }

  #add(message) {
    this.chatOf(message.id.remote).msgs.add(message);
    this.messages.add(message);
    const [oldest] = this.messages.getModelsArray();
    if (this.messages.length > maxMessages) void this.#forget(oldest);
  }

  async #forget(message) {
    this.messages.forget(message);
    this.chatOf(message.id.remote).msgs.forget(message);
    await this.#database.remove('messages', String(message.id));
  }

  #keep(message) {
    return this.#database.put('messages', String(message.id), message.keep());
  }

  #keepChat(chat) {
    return this.#database.put('chats', String(chat.id), chat.keep());
  }
}

function fileOf(media, caption) {
  const [family] = media.mimetype.split('/');
  const type = ['image', 'video', 'audio'].includes(family) ? family : 'document';
  const { directPath, mimetype, fileName, sizeBytes, sha256 } = media;
  return { type, caption, mimetype, filename: fileName, size: sizeBytes, directPath, filehash: sha256 };
}
