/** Shows QR codes one after the other, and asks for pairing codes. */
export class Linking {
  #settings;
  #connection;
  #Socket;
  #Conn;
  #byCode = false;
  #timer;

  constructor({ settings, connection, Socket, Conn }) {
    this.#settings = settings;
    this.#connection = connection;
    this.#Socket = Socket;
    this.#Conn = Conn;
  }

  show(references) {
    this.stop();
    const [first, ...others] = references;
    this.#Conn.ref = first;
    this.#Socket.state = 'UNPAIRED';
    this.#showNextAfter(this.#settings.firstQrMs, others);
  }

  /** Without references the page goes idle, and shows its last QR until somebody asks for new ones. */
  #showNextAfter(delayMs, references) {
    this.#timer = setTimeout(() => {
      const [next, ...others] = references;
      if (next !== undefined) {
        this.#Conn.ref = next;
        this.#showNextAfter(this.#settings.nextQrMs, others);
      } else if (!this.#byCode) this.#Socket.state = 'UNPAIRED_IDLE';
    }, delayMs);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  refresh() {
    this.#connection.send({ type: 'request-references' });
  }

  linkByCode(byCode) {
    this.#byCode = byCode;
  }

  async requestCode(phone) {
    const { code } = await this.#connection.request({ type: 'request-code', phone });
    return code;
  }
}
