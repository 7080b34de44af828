/**
 * The root of every error that Berth throws on purpose. Its message follows one form:
 * "Cannot (action): (what is so); (what to do)", names in quotes, no full stop.
 */
export abstract class BerthError extends Error {
  /** Stable, for log queries and docs/errors.md. */
  abstract readonly code: string;
  /** Whether the same call may succeed later although nobody changed anything. */
  abstract readonly retryable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
