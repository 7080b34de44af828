/** An answer of a route. A `raw` one is sent as it is, anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly raw?: { readonly contentType: string; readonly content: string | Uint8Array };
  /** Set on RFC 9457 problem details. */
  readonly isProblem?: boolean;
}

/**
 * An answer that says what is wrong, as RFC 9457 problem details.
 * @param title the same for every case of one `code`
 * @param detail what is so in this case, and what to do
 */
export function problem(status: number, code: string, title: string, detail: string): Answer {
  return { status, isProblem: true, body: { type: 'about:blank', title, status, detail, code } };
}

/** An answer of 429: a file has to wait for another one. */
export function fileUnderWay({ message }: { readonly message: string }): Answer {
  return problem(429, 'FILE_UNDER_WAY', 'File under way', message);
}
