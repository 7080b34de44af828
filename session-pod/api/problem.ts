/** An answer of a route. A `text` is sent as it is, anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly text?: { readonly contentType: string; readonly content: string };
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
