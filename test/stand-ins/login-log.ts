/** For each phone; the oldest goes first. */
const maxLogins = 1_000;
const maxPhones = 20_000;

export type LoginOutcome = 'accepted' | 'refused' | 'muted' | 'stream-error' | 'unknown-device' | 'banned';

/** What a connection tells of itself. */
export interface LoggedConnection {
  readonly id: string;
  readonly remoteAddress: string;
  readonly connectedAt: Date;
  readonly endedByServer: boolean;
}

/** One attempt of a device to log in, and how its connection went. Times are RFC 3339 in UTC. */
export interface Login {
  readonly connectionId: string;
  /** The device's address, for instance "15550001000:1@s.whatsapp.net". */
  readonly device: string;
  readonly outcome: LoginOutcome;
  readonly remoteAddress: string;
  readonly connectedAt: string;
  /** Absent while it is connected, or frozen. */
  disconnectedAt?: string;
  /** Of the WebSocket; 1006 where it just broke off. */
  closeCode?: number;
  /** Whether the WebSocket was closed by its own handshake, and not just cut. */
  cleanClose?: boolean;
  endedBy?: 'client' | 'server';
}

/** Remembers who logged in when, so that a test can prove that a session was left in peace. */
export class LoginLog {
  readonly #byPhone = new Map<string, Login[]>();
  readonly #open = new Map<LoggedConnection, Login>();

  record(connection: LoggedConnection, phone: string, device: string, outcome: LoginOutcome) {
    const login: Login = {
      connectionId: connection.id,
      device,
      outcome,
      remoteAddress: connection.remoteAddress,
      connectedAt: connection.connectedAt.toISOString(),
    };
    const logins = this.#loginsOf(phone);
    logins.push(login);
    if (logins.length > maxLogins) logins.shift();
    this.#open.set(connection, login);
  }

  close(connection: LoggedConnection, code: number) {
    const login = this.#open.get(connection);
    this.#open.delete(connection);
    if (!login) return; // It never got as far as a login.
    login.disconnectedAt = new Date().toISOString();
    login.closeCode = code;
    login.cleanClose = code !== 1_006;
    login.endedBy = connection.endedByServer ? 'server' : 'client';
  }

  /** Oldest first. */
  of(phone: string): readonly Login[] {
    return this.#byPhone.get(phone) ?? [];
  }

  #loginsOf(phone: string): Login[] {
    const known = this.#byPhone.get(phone);
    if (known) return known;
    const [oldest] = this.#byPhone.keys();
    if (this.#byPhone.size >= maxPhones && oldest !== undefined) this.#byPhone.delete(oldest);
    const logins: Login[] = [];
    this.#byPhone.set(phone, logins);
    return logins;
  }
}
