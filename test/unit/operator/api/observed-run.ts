import type { ObservedPod, ObservedSession } from '../../../../operator/plan/observed.ts';
import type { WhatsAppSessionStatus } from '../../../../operator/resource/whatsapp-session.ts';

/** The pod of run 1 of the session `shop/alice`, running. */
export function aPod(overrides: Partial<ObservedPod> = {}): ObservedPod {
  return {
    namespace: 'shop',
    name: 'alice',
    uid: 'run-1',
    resourceVersion: '10',
    createdAtMs: 0,
    deletionRequested: false,
    hasFinalizer: true,
    otherFinalizers: [],
    sessionUid: 'session-1',
    runNumber: 1,
    sinks: [],
    phase: 'Running',
    ready: false,
    disrupted: false,
    container: { state: 'running', startedAtMs: 0 },
    ...overrides,
  };
}

/** The session `shop/alice`. */
export function aSession(status: WhatsAppSessionStatus = {}): ObservedSession {
  return {
    namespace: 'shop',
    name: 'alice',
    uid: 'session-1',
    resourceVersion: '20',
    generation: 1,
    createdAtMs: 0,
    deletionRequested: false,
    hasFinalizer: true,
    otherFinalizers: [],
    spec: { engine: 'Baileys' },
    status,
  };
}
