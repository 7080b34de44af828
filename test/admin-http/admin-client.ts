import { BerthError } from '@berth/protocol';

/** The admin API of a stand-in refused a request, or was not reached. */
export class AdminApiError extends BerthError {
  readonly code = 'STAND_IN_ADMIN_API';
  readonly retryable: boolean;
  /** HTTP status, or 0 when there was no answer. */
  readonly status: number;

  constructor(method: string, path: string, status: number, answer: string, options?: ErrorOptions) {
    super(
      `Cannot ${method} "${path}": the stand-in answered ${status || 'nothing'}: ${answer}; mend the request`,
      options,
    );
    this.status = status;
    this.retryable = status === 0 || status === 404;
  }
}

export type AdminClient = ReturnType<typeof createAdminClient>;

/** Speaks to a stand-in's admin API. Each request has 10 s; it rejects with an AdminApiError. */
export function createAdminClient(baseUrl: string, timeoutMs = 10_000) {
  async function send<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const init = { method, signal: AbortSignal.timeout(timeoutMs), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(
      new URL(path, baseUrl),
      body === undefined ? init : { ...init, body: JSON.stringify(body) },
    ).catch((cause: unknown) => {
      throw new AdminApiError(method, path, 0, String(cause), { cause });
    });
    const text = await answer.text();
    if (!answer.ok) throw new AdminApiError(method, path, answer.status, text);
    return JSON.parse(text) as Answer;
  }

  return {
    get: <Answer>(path: string) => send<Answer>('GET', path),
    post: <Answer>(path: string, body: unknown) => send<Answer>('POST', path, body),
    remove: <Answer>(path: string) => send<Answer>('DELETE', path),
  };
}
