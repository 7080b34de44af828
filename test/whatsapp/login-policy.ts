/** What a login is answered with instead of success. */
export type Obstacle =
  | { readonly kind: 'refuse' }
  /** The connection stands, and nobody answers. */
  | { readonly kind: 'mute' }
  | { readonly kind: 'stream-error'; readonly code: number };

/** Every phone. */
export const everyone = '*';

/** Which logins fail until it is taken back: those of one phone, or of everyone. */
export class LoginPolicy {
  readonly #obstacles = new Map<string, Obstacle>();

  put(phone: string, obstacle: Obstacle) {
    this.#obstacles.set(phone, obstacle);
  }

  /** Lets logins pass again; everyone's obstacle and a phone's own are taken back each by its own name. */
  remove(phone: string) {
    this.#obstacles.delete(phone);
  }

  obstacleOf(phone: string): Obstacle | undefined {
    return this.#obstacles.get(phone) ?? this.#obstacles.get(everyone);
  }

  /** Whether not even a WebSocket is to be opened. */
  get refusesEveryone(): boolean {
    return this.#obstacles.get(everyone)?.kind === 'refuse';
  }
}
