/** One request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, for instance from `path` in resource/names.ts. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** `application/json` unless told; `mergePatch` or `jsonPatch` for a PATCH. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds until the whole request is given up; 10_000 unless told. */
  readonly timeoutMs?: number;
}
export const mergePatch = 'application/merge-patch+json';
export const jsonPatch = 'application/json-patch+json';

/** The way to the API server: one keep-alive dispatcher for everything. */
export interface KubernetesClient {
  /**
   * Sends one request and parses the answer.
   * A GET is tried again on 429, 5xx and a broken connection, others on 429 alone, with jittered backoff, inside `timeoutMs`.
   * @throws {ApiError} the API server refused it, or could not be reached.
   */
  request<T>(request: ApiRequest): Promise<T>;
  /**
   * Opens a watch and yields its events, one parsed JSON line each, until the server or `signal` ends it.
   * @throws {ApiError} refused, cut, or silent for longer than `idleTimeoutMs`.
   */
  watch(request: {
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
    readonly idleTimeoutMs: number;
    readonly signal: AbortSignal;
  }): AsyncIterable<WatchEvent>;
  /** Milliseconds since the epoch by the API server's clock (learnt from its `Date` headers). */
  nowMs(): number;
  close(): Promise<void>;
}

/** One line of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: Record<string, unknown>;
}
