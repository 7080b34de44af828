import { Collection, Model } from './model.js';
import { createWid, MsgKey } from './wid.js';

/** What a message is made of; whatsapp-web.js hands in a good deal more. */
const messageAttributes = {
  id: undefined,
  type: 'chat',
  body: '',
  caption: undefined,
  from: undefined,
  to: undefined,
  t: 0,
  ack: 0,
  isNewMsg: false,
  notifyName: undefined,
  mentionedJidList: [],
  groupMentions: [],
  links: [],
  mimetype: undefined,
  filename: undefined,
  size: undefined,
  directPath: undefined,
  filehash: undefined,
  encFilehash: undefined,
  mediaKey: undefined,
  mediaKeyTimestamp: undefined,
  mediaData: undefined,
};
/** What is kept of a message over a reload: its addresses as texts. */
const keptNames = ['type', 'body', 'caption', 't', 'ack', 'mimetype', 'filename', 'size', 'directPath', 'filehash'];

export class Msg extends Model {
  constructor(given) {
    const known = Object.keys(messageAttributes).filter((name) => given[name] !== undefined);
    super({ ...messageAttributes, ...Object.fromEntries(known.map((name) => [name, given[name]])) });
    // Its content is somewhere else, and is still to be downloaded.
    if (this.directPath) this.mediaData = { type: this.type, mediaStage: 'NEED_POKE' };
  }

  static restore({ key, from, to, ...kept }) {
    const id = new MsgKey(key);
    return new Msg({ ...kept, id, from: createWid(from), to: createWid(to) });
  }

  keep() {
    const kept = Object.fromEntries(keptNames.map((name) => [name, this[name]]));
    const { fromMe, remote, id } = this.id;
    const key = { fromMe, remote: String(remote), id };
    return { ...kept, key, from: String(this.from), to: String(this.to) };
  }

  unsafe() {
    return this;
  }

  /** Finds out whether the file can still be had; its content is loaded by the download manager. */
  async downloadMedia() {
    const answer = await fetch(this.directPath).catch(() => undefined);
    this.mediaData = { ...this.mediaData, mediaStage: answer?.ok ? 'RESOLVED' : 'ERROR_MISSING' };
  }
}

export class Chat extends Model {
  #messages = new Collection();

  constructor(id, kept = {}) {
    super({
      id,
      name: id.user,
      formattedTitle: id.user,
      t: 0,
      unreadCount: 0,
      archive: false,
      mute: { expiration: 0 },
      ...kept,
    });
  }

  /** Not a part of what is serialized. */
  get msgs() {
    return this.#messages;
  }

  keep() {
    return { id: String(this.id), t: this.t, unreadCount: this.unreadCount };
  }
}
