/** What a route answers; the body is sent as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An RFC 9457 problem: what is so, and what to do, in `detail`. */
export function problem(status: number, code: string, title: string, detail: string): Answer {
  return {
    status,
    body: { type: 'about:blank', title, status, code, detail },
    headers: { 'content-type': 'application/problem+json' },
  };
}
