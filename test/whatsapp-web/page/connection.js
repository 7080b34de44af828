const firstBackoffMs = 125;

/** The WebSocket to the site: it is opened again by itself, after a pause that doubles each time until the site lets it in. */
export class Connection {
  #settings;
  #listener;
  #socket;
  #keepAlive;
  #reconnect;
  #backoffMs = firstBackoffMs;
  #awaitsPong = false;
  #lastRequest = 0;
  #requests = new Map();

  /** @param listener { onOpen(), onTold(told), onLost() } */
  constructor(settings, listener) {
    this.#settings = settings;
    this.#listener = listener;
  }

  open() {
    this.close();
    const socket = new WebSocket(`wss://${location.host}/ws`);
    this.#socket = socket;
    // What is left of a socket that was given up is of no interest.
    const listen = (name, listener) =>
      socket.addEventListener(name, (event) => {
        if (socket === this.#socket) listener(event);
      });
    listen('open', () => {
      this.#startKeepAlive();
      this.#listener.onOpen();
    });
    listen('message', ({ data }) => this.#take(JSON.parse(data)));
    listen('close', () => this.#lose());
  }

  /** Ends it for good, or until it is opened again. */
  close() {
    const socket = this.#socket;
    this.#socket = undefined;
    clearInterval(this.#keepAlive);
    clearTimeout(this.#reconnect);
    for (const { reject } of this.#requests.values()) reject(new Error('The connection was lost'));
    this.#requests.clear();
    socket?.close();
  }

  /** The site has let the page in: the next time it is lost, the first pause is short again. */
  settle() {
    this.#backoffMs = firstBackoffMs;
  }

  send(told) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(told));
  }

  /** Resolves with the answer; rejects when there is no connection, or it is lost before the answer. */
  request(told) {
    const request = ++this.#lastRequest;
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) return reject(new Error('There is no connection'));
      this.#requests.set(request, { resolve, reject });
      this.send({ ...told, request });
    });
  }

  #take(told) {
    if (told.type === 'pong') this.#awaitsPong = false;
    else if (told.type === 'answer') {
      this.#requests.get(told.request)?.resolve(told);
      this.#requests.delete(told.request);
    } else this.#listener.onTold(told);
  }

  #startKeepAlive() {
    this.#awaitsPong = false;
    clearInterval(this.#keepAlive);
    this.#keepAlive = setInterval(() => {
      if (this.#awaitsPong) return this.#lose();
      this.#awaitsPong = true;
      this.send({ type: 'ping' });
    }, this.#settings.keepAliveMs);
  }

  #lose() {
    this.close();
    this.#listener.onLost();
    this.#reconnect = setTimeout(() => this.open(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.#settings.maxBackoffMs);
  }
}
