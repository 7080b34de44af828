import type { SignatureCheck } from './signature-check.ts';

/** One POST, as it came. */
export interface ReceivedRequest extends SignatureCheck {
  readonly path: string;
  /** RFC 3339 in UTC: when its body was complete. */
  readonly receivedAt: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The status it was answered with, or why it got none. */
  readonly answer: number | 'hang' | 'close';
}

/** The oldest go first. */
const maxRequests = 10_000;

/** What came in, in order of arrival. */
export class ReceivedRequests {
  #requests: ReceivedRequest[] = [];

  add(request: ReceivedRequest) {
    this.#requests.push(request);
    if (this.#requests.length > maxRequests) this.#requests.shift();
  }

  /** Those of one path, or all. */
  of(path: string | undefined): readonly ReceivedRequest[] {
    return path === undefined ? this.#requests : this.#requests.filter((request) => request.path === path);
  }

  clear(path: string | undefined) {
    this.#requests = path === undefined ? [] : this.#requests.filter((request) => request.path !== path);
  }
}
