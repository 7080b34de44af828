import type { SessionEnd, SessionEndStatus, Sink } from '../../../../operator/resource/session-end.ts';

export const createdAt = '2026-01-01T00:00:00Z';
export const createdAtMs = Date.parse(createdAt);

/** The record of the end of run 1 of `shop/alice`, with one sink, fresh. */
export function aSessionEnd(
  overrides: {
    readonly metadata?: Partial<SessionEnd['metadata']>;
    readonly sinks?: Sink[];
    readonly status?: SessionEndStatus;
  } = {},
): SessionEnd {
  const { metadata, sinks = [{ url: 'https://sink.example.com/in?token=1' }], status } = overrides;
  return {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'SessionEnd',
    metadata: {
      namespace: 'shop',
      name: 'alice-run-1',
      uid: 'end-1',
      resourceVersion: '10',
      creationTimestamp: createdAt,
      finalizers: ['berth.dev/delivery'],
      ...metadata,
    },
    spec: {
      session: { namespace: 'shop', name: 'alice', uid: 'session-1' },
      run: { uid: 'run-1', number: 1 },
      engine: 'Baileys',
      account: { id: '15550001@s.whatsapp.net' },
      reason: 'force_killed',
      message: 'The session was killed',
      endedAt: '2026-01-01T00:00:00.000Z',
      terminationConfirmed: true,
      requestedBy: 'ada',
      sinks,
    },
    ...(status === undefined ? {} : { status }),
  };
}
