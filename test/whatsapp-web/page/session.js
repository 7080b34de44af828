import { pageFaults } from './page-faults.js';
import { userWid } from './wid.js';

/** A connection that is lost for so many milliseconds shows as TIMEOUT. */
const lostAfterMs = 5_000;
/** How long a page that is to be left waits for somebody to look at it, in milliseconds. */
const patienceMs = 1_000;
const endStates = { conflict: 'CONFLICT', banned: 'TOS_BLOCK' };

/** The page's state as whatsapp-web.js sees it, from what the site says. */
export class Session {
  me;
  progress = 0;
  #parts;
  #timeout;
  #isTimedOut = false;

  /** @param parts { profile, connection, messages, linking, Socket, Conn, Cmd } */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Linked or not, it says PAIRING until the site has told it which of the two it is. */
  onOpen() {
    const { connection, profile, Socket } = this.#parts;
    Socket.state = 'PAIRING';
    connection.send({ type: 'hello', ...profile.keys, ...profile.login });
  }

  onLost() {
    const { Socket, linking } = this.#parts;
    linking.stop();
    Socket.state = this.#isTimedOut ? 'TIMEOUT' : 'OPENING';
    this.#timeout ??= setTimeout(() => {
      this.#isTimedOut = true;
      Socket.state = 'TIMEOUT';
    }, lostAfterMs);
  }

  onTold(told) {
    const { connection, messages, linking } = this.#parts;
    if (told.type === 'references') {
      connection.settle();
      this.#endTimeout();
      linking.show(told.references);
    } else if (told.type === 'paired') this.#pair(told);
    else if (told.type === 'online') this.#login(told);
    else if (told.type === 'synced') void this.#synced();
    else if (told.type === 'message') void messages.receive(told);
    else if (told.type === 'ack') void messages.acknowledge(told);
    else if (told.type === 'end') void this.#end(told.reason);
    // Not at once: the message would never count as read.
    else if (told.type === 'fault') setTimeout(() => pageFaults[told.kind](told.argument));
  }

  /** Forgets the login; whoever looks at the page next sees a QR. */
  async logout() {
    const { connection } = this.#parts;
    await connection.request({ type: 'logout' });
    await this.#end('logged-out');
  }

  /** Logs in again after another page has taken over. */
  takeover() {
    this.#parts.connection.open();
  }

  /** The keys are linked now: the page comes back as the device that it is. */
  #pair({ phone, token }) {
    const { Socket, profile, connection, linking } = this.#parts;
    linking.stop();
    Socket.state = 'PAIRING'; // Already while it connects again.
    profile.link({ phone, token });
    connection.open();
  }

  #login({ phone, name }) {
    const { Socket, Conn, connection, messages } = this.#parts;
    connection.settle();
    this.#endTimeout();
    this.me = userWid(phone);
    Conn.wid = this.me;
    Conn.pushname = name;
    Socket.state = 'CONNECTED';
    this.#tellProgress(50);
    messages.loggedIn(this.me);
  }

  /**
   * All that waited is here. The real site takes seconds for it, so that whatsapp-web.js listens by then: it says "ready" only
   * when it hears of this, so the page waits for it.
   */
  async #synced() {
    const { Socket } = this.#parts;
    await until(() => Socket.hasListener('change:hasSynced'), Number.POSITIVE_INFINITY);
    this.#tellProgress(100);
    Socket.hasSynced = true;
  }

  async #end(reason) {
    const { Socket, connection } = this.#parts;
    if (reason === 'try-again') return; // The site cuts the connection, and the page comes back.
    connection.close();
    if (reason === 'logged-out') await this.#forgetLogin();
    else Socket.state = endStates[reason];
  }

  /** Leaves for a page without a login. Whoever waits for this one's state loses it: on the real site it is there for longer. */
  async #forgetLogin() {
    const { Socket, Cmd, profile } = this.#parts;
    await until(() => Socket.hasListener('change:state'), patienceMs);
    Cmd.trigger('logout');
    await profile.clear();
    location.href = '/?post_logout=1&logout_reason=0';
  }

  #tellProgress(progress) {
    this.progress = progress;
    this.#parts.Cmd.trigger('offline_progress_update_from_bridge');
  }

  #endTimeout() {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#isTimedOut = false;
  }
}

async function until(isSo, timeoutMs) {
  const deadlineMs = Date.now() + timeoutMs;
  while (!isSo() && Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 20));
}
