import type { StopRequest } from '@berth/protocol';
import { podApiPaths } from '@berth/protocol';
import { problem } from '../problem.ts';
import type { Route } from '../route.ts';

const maxWithinMs = 3_600_000;

/** Asks the process to end by itself: 202, at once and however often. */
export const stopRoute = ({ stop }: { readonly stop: (request: StopRequest) => void }): Route => ({
  method: 'POST',
  path: podApiPaths.stop,
  access: 'operator',
  answer({ body }) {
    const { withinMs, logout = false } = (body ?? {}) as Partial<Record<keyof StopRequest, unknown>>;
    if (typeof withinMs !== 'number' || !Number.isInteger(withinMs) || withinMs < 0 || withinMs > maxWithinMs) {
      const detail = `Cannot stop: "withinMs" is not a whole number from 0 to ${maxWithinMs}; correct it`;
      return problem(400, 'BAD_WITHIN_MS', 'Bad withinMs', detail);
    }
    if (typeof logout !== 'boolean') {
      return problem(400, 'BAD_LOGOUT', 'Bad logout', 'Cannot stop: "logout" is neither true nor false; correct it');
    }
    stop({ withinMs, logout });
    return { status: 202 };
  },
});
