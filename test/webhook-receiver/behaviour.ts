import { choiceField, type Fields, integerField, textField } from '../admin-http/fields.ts';
import { BadRequestError } from '../admin-http/request-errors.ts';

/** `status`: answers with a code at once. `slow`: with 200 after a while. `hang`: never. `close`: cuts the connection. */
export const behaviourKinds = ['status', 'slow', 'hang', 'close'] as const;

export interface Behaviour {
  readonly kind: (typeof behaviourKinds)[number];
  /** Of `status`; 200 unless told. */
  readonly status?: number;
  /** Of `slow`, in milliseconds. */
  readonly delayMs?: number;
  /** For so many requests, then 200 again; until told otherwise when absent. */
  readonly times?: number;
}

const answers200: Behaviour = { kind: 'status', status: 200 };
const maxPaths = 1_000;

/** How each path answers. A path nobody spoke of answers 200. */
export class BehaviourBook {
  readonly #byPath = new Map<string, { behaviour: Behaviour; left: number }>();

  set(path: string, behaviour: Behaviour) {
    if (!this.#byPath.has(path) && this.#byPath.size >= maxPaths) {
      throw new BadRequestError('path', `there are ${maxPaths} paths`, 'use one of them');
    }
    this.#byPath.set(path, { behaviour, left: behaviour.times ?? Number.POSITIVE_INFINITY });
  }

  /** Takes what the next request on this path is answered with. */
  next(path: string): Behaviour {
    const entry = this.#byPath.get(path);
    if (!entry) return answers200;
    entry.left--;
    if (entry.left <= 0) this.#byPath.delete(path);
    return entry.behaviour;
  }
}

/** @throws {BadRequestError} a field is missing or out of its range. */
export function readBehaviour(body: Fields): { path: string; behaviour: Behaviour } {
  const path = textField(body, 'path', { pattern: /^\/[\w./-]*$/, example: '/hooks/a', maxLength: 200 });
  const status = integerField(body, 'status', 200, 599);
  const delayMs = integerField(body, 'delayMs', 0, 60_000);
  const times = integerField(body, 'times', 1, 1_000_000);
  const behaviour = {
    kind: choiceField(body, 'kind', behaviourKinds),
    ...(status !== undefined && { status }),
    ...(delayMs !== undefined && { delayMs }),
    ...(times !== undefined && { times }),
  };
  return { path, behaviour };
}
