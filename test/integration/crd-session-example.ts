import type { Resource } from './crd-api.ts';

const now = '2026-01-01T00:00:00Z';
/** Every field that there is, each with a value that is accepted. */
export const full: Resource = {
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'WhatsAppSession',
  metadata: { name: 'full' },
  spec: {
    engine: 'Baileys',
    desiredState: 'Running',
    restartedAt: now,
    storage: {
      size: '1Gi',
      storageClassName: 'fast',
      accessMode: 'ReadWriteOnce',
      retention: { whenDeleted: 'Delete' },
    },
    startup: { timeoutSeconds: 120, scheduleSeconds: 600 },
    pairing: { method: 'PairingCode', phoneNumber: '+5511999999999', timeoutSeconds: 3600 },
    recovery: {
      policy: 'Restart',
      authenticatedSeconds: 90,
      unresponsiveSeconds: 45,
      reconnects: { max: 10, windowSeconds: 600 },
      maxRestarts: 5,
      backoff: { baseSeconds: 1, maxSeconds: 3600 },
      healthySeconds: 300,
    },
    termination: { gracePeriodSeconds: 30 },
    webhooks: [
      { url: 'https://sink.example/hook', events: ['session_end'], secretRef: { name: 'signing', key: 'secret' } },
    ],
    proxy: { secretRef: { name: 'egress', key: 'url' } },
    pod: {
      resources: { requests: { cpu: '50m' }, limits: { memory: '256Mi' } },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'a', effect: 'NoExecute', tolerationSeconds: 60 }],
      imagePullSecrets: [{ name: 'registry' }],
      labels: { team: 'sales' },
      annotations: { 'sidecar.example/inject': 'true' },
      priorityClassName: 'gold',
      runtimeClassName: 'sandboxed',
    },
  },
  status: {
    observedGeneration: 1,
    phase: 'Ready',
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        observedGeneration: 1,
        lastTransitionTime: now,
        reason: 'Ready',
        message: 'Ready',
      },
      { type: 'Stuck', status: 'False', lastTransitionTime: now, reason: 'NotStuck', message: '' },
    ],
    run: {
      uid: 'run-1',
      number: 1,
      node: 'node-1',
      startedAt: now,
      ending: { reason: 'stopped', since: now, deadline: now },
    },
    report: {
      runUid: 'run-1',
      sequence: 1,
      state: 'ready',
      stateSince: now,
      readyAt: now,
      reconnects: 0,
      recentReconnects: 0,
      certificateSha256: 'ab',
      message: 'connected',
      account: { id: 'account', pushName: 'name' },
    },
    recovery: { restarts: 0, nextRestartAt: now, held: 'replaced' },
    lastEnd: {
      runUid: 'run-0',
      number: 0,
      reason: 'crashed',
      at: now,
      sessionEnd: 'full-run-0',
      restartedAt: now,
      terminationConfirmed: true,
    },
  },
};
export const { status: fullStatus = {}, ...withoutStatus } = full;

/** The same session, all but its status, under another name. */
export function named(name: string): Resource {
  return { ...withoutStatus, metadata: { name } };
}
