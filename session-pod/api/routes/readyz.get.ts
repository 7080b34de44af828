import type { SessionState } from '@berth/protocol';
import { podApiPaths } from '@berth/protocol';
import type { Route } from '../route.ts';

export interface ReadyzDependencies {
  readonly state: () => SessionState;
  /** Asks the engine. Bounded: the kubelet waits 2 s. */
  readonly probe: () => Promise<void>;
}

/** 200 while the session is ready and its engine answers: the kubelet's probe is how the operator learns of a hung one. */
export const readyzRoute = ({ state, probe }: ReadyzDependencies): Route => ({
  method: 'GET',
  path: podApiPaths.readyz,
  access: 'anyone',
  async answer() {
    const now = state();
    if (now !== 'ready') return { status: 503, body: { state: now, reason: 'the session is not ready' } };
    try {
      await probe();
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'the engine does not answer';
      return { status: 503, body: { state: now, reason } };
    }
    return { status: 200, body: { state: now } };
  },
});
