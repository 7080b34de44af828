/** The address of a user, a group or a broadcast. */
export class Wid {
  constructor(serialized) {
    [this.user, this.server] = serialized.split('@');
    this._serialized = serialized;
  }
  isLid() {
    return this.server === 'lid';
  }
  isUser() {
    return this.server === 'c.us' || this.isLid();
  }
  isGroup() {
    return this.server === 'g.us';
  }
  isStatus() {
    return this._serialized === 'status@broadcast';
  }
  toString() {
    return this._serialized;
  }
  toJid() {
    return this._serialized;
  }
}

/** Takes a text, a Wid, or what is left of one in JSON. A phone's address is "c.us" on the web. */
export function createWid(source) {
  if (source instanceof Wid) return source;
  const serialized = typeof source === 'string' ? source : source._serialized;
  return new Wid(serialized.replace(/@s\.whatsapp\.net$/, '@c.us'));
}

export const userWid = (phone) => createWid(`${phone}@c.us`);

/** The LID is made from the number and back, so nothing has to be looked up; the stand-in of the protocol does the same. */
const reversed = (digits) => digits.split('').toReversed().join('');
export const lidOf = (wid) => (wid.isLid() ? wid : createWid(`9${reversed(wid.user)}@lid`));
export const phoneOf = (wid) => (wid.isLid() ? userWid(reversed(wid.user.slice(1))) : wid);

/** The name of a message: who sent it, in which chat, and its id. */
export class MsgKey {
  constructor({ id, fromMe, remote, to, selfDir, participant }) {
    this.fromMe = fromMe ?? selfDir === 'out';
    this.remote = createWid(remote ?? to);
    this.id = id;
    if (participant) this.participant = participant;
    this._serialized = `${this.fromMe}_${String(this.remote)}_${id}`;
  }
  toString() {
    return this._serialized;
  }
  static async newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(9));
    return `3EB0${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`.toUpperCase();
  }
}
