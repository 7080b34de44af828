import type { ObservedClaim, ObservedPod, ObservedSession, ObservedSessionEnd } from '../plan/observed.ts';
import type { SlimCache } from '../watch/slim-cache.ts';
import type { SlimNode } from './slim-node.ts';

/** What the watches know, one cache a kind. */
export interface Caches {
  readonly sessions: SlimCache<ObservedSession>;
  readonly pods: SlimCache<ObservedPod>;
  readonly sessionEnds: SlimCache<ObservedSessionEnd>;
  readonly claims: SlimCache<ObservedClaim>;
  readonly nodes: SlimCache<SlimNode>;
}
