import { operatorAudience, podApiPaths, podApiPort } from '@berth/protocol';
import {
  apiVersion,
  caConfigMap,
  claimName,
  dataVolume,
  managedByLabel,
  managedByValue,
  podAnnotation,
  podFinalizer,
  sessionContainer,
  sessionLabel,
} from '../resource/names.ts';
import { claimOf } from './claim-use.ts';
import { type EnginePod, enginePod } from './engine-pod.ts';
import { loginEnv } from './login-env.ts';
import type { ObservedSession, PlanConfig } from './observed.ts';
import { templateHash } from './rollout.ts';
import { sinksOf } from './sinks.ts';
import { specHash } from './spec-hash.ts';

export type PodManifest = ReturnType<typeof podManifest>;
export type ClaimManifest = ReturnType<typeof claimManifest>;

/** The user that session images run as; the volume belongs to this group. */
const sessionUser = 10001;
/**
 * Bounds a deletion by others. Ours ask for grace 0; a graceful stop is asked for over the pod's own API. PID 1 of the
 * image ends the process 7 s after any SIGTERM, so that a longer grace, named by a caller, is not used up either.
 */
const terminationGracePeriodSeconds = 8;
/** The kubelet renews the token at 80 % of this; the API server's least is 600. */
const tokenExpirationSeconds = 3600;

const labels = (session: ObservedSession) => ({
  [managedByLabel]: managedByValue,
  'app.kubernetes.io/name': 'whatsapp-session',
  'app.kubernetes.io/instance': session.name,
  [sessionLabel]: session.name,
});

/** The pod of the session's next run. `restartPolicy: Never`: one run is one life of the process, with one end. */
export function podManifest(session: ObservedSession, config: PlanConfig) {
  const { spec } = session;
  const engine = enginePod(spec.engine, config.browser);
  const runNumber = (session.status.lastEnd?.number ?? 0) + 1;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: session.name,
      namespace: session.namespace,
      labels: { ...spec.pod?.labels, ...labels(session) },
      annotations: {
        ...spec.pod?.annotations,
        [podAnnotation.sessionUid]: session.uid,
        [podAnnotation.runNumber]: String(runNumber),
        [podAnnotation.engine]: spec.engine,
        [podAnnotation.sinks]: JSON.stringify(sinksOf(spec)),
        [podAnnotation.specHash]: specHash(spec),
        [podAnnotation.templateHash]: templateHash(spec, config),
        ...(spec.restartedAt === undefined ? {} : { [podAnnotation.restartedAt]: spec.restartedAt }),
      },
      finalizers: [podFinalizer],
      ownerReferences: [
        {
          apiVersion,
          kind: 'WhatsAppSession',
          name: session.name,
          uid: session.uid,
          controller: true,
          blockOwnerDeletion: false, // The session's own finalizer orders the end.
        },
      ],
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds,
      // Of no consequence: its token is not mounted, and the one that is, is for the operator alone.
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: sessionUser,
        runAsGroup: sessionUser,
        fsGroup: sessionUser,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: engine.seccompProfile,
      },
      ...(spec.pod?.nodeSelector === undefined ? {} : { nodeSelector: spec.pod.nodeSelector }),
      ...(spec.pod?.tolerations === undefined ? {} : { tolerations: spec.pod.tolerations }),
      ...(spec.pod?.imagePullSecrets === undefined ? {} : { imagePullSecrets: spec.pod.imagePullSecrets }),
      ...(spec.pod?.priorityClassName === undefined ? {} : { priorityClassName: spec.pod.priorityClassName }),
      ...(spec.pod?.runtimeClassName === undefined ? {} : { runtimeClassName: spec.pod.runtimeClassName }),
      containers: [sessionContainerManifest(session, engine, config)],
      volumes: [
        { name: dataVolume, persistentVolumeClaim: { claimName: claimOf(session) } },
        ...engine.memoryVolumes.map(({ name, sizeLimit }) => ({ name, emptyDir: { medium: 'Memory', sizeLimit } })),
        { name: 'ca', configMap: { name: caConfigMap } },
        {
          name: 'token',
          projected: {
            sources: [
              {
                serviceAccountToken: {
                  audience: operatorAudience,
                  expirationSeconds: tokenExpirationSeconds,
                  path: 'token',
                },
              },
            ],
          },
        },
      ],
    },
  } as const;
}

function sessionContainerManifest({ spec }: ObservedSession, engine: EnginePod, config: PlanConfig) {
  const windowSeconds = spec.recovery?.reconnects?.windowSeconds;
  const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    name: sessionContainer,
    image: config.images[spec.engine],
    imagePullPolicy: config.imagePullPolicy,
    env: [
      fromField('POD_NAME', 'metadata.name'),
      fromField('POD_NAMESPACE', 'metadata.namespace'),
      fromField('POD_UID', 'metadata.uid'),
      { name: 'BERTH_ENGINE', value: spec.engine },
      { name: 'BERTH_OPERATOR_URL', value: config.operatorUrl },
      { name: 'BERTH_CA_FILE', value: '/etc/berth/ca/ca.crt' },
      { name: 'BERTH_TOKEN_FILE', value: '/var/run/secrets/berth/token' },
      { name: 'BERTH_DATA_DIR', value: '/data' },
      ...(windowSeconds === undefined
        ? []
        : [{ name: 'BERTH_RECONNECT_WINDOW_SECONDS', value: String(windowSeconds) }]),
      ...engine.env,
      ...loginEnv(spec),
      ...Object.entries(config.sessionEnv).map(([name, value]) => ({ name, value })),
    ],
    ports: [{ name: 'api', containerPort: podApiPort, protocol: 'TCP' }],
    resources: spec.pod?.resources ?? config.resources[spec.engine],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    // The operator, not the kubelet, decides what a hung session means: so no liveness probe.
    readinessProbe: {
      httpGet: { path: podApiPaths.readyz, port: 'api', scheme: 'HTTPS' },
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: 2,
    },
    volumeMounts: [
      { name: dataVolume, mountPath: '/data' },
      ...engine.memoryVolumes.map(({ name, mountPath }) => ({ name, mountPath })),
      { name: 'ca', mountPath: '/etc/berth/ca', readOnly: true },
      { name: 'token', mountPath: '/var/run/secrets/berth', readOnly: true },
    ],
  } as const;
}

/** The claim that keeps the credentials. Without an owner: the operator removes it once the last run is proved dead. */
export function claimManifest(session: ObservedSession) {
  const { size = '1Gi', storageClassName, accessMode = 'ReadWriteOnce' } = session.spec.storage ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(session.name),
      namespace: session.namespace,
      labels: labels(session),
      annotations: { [podAnnotation.sessionUid]: session.uid },
    },
    spec: {
      accessModes: [accessMode],
      ...(storageClassName === undefined ? {} : { storageClassName }),
      resources: { requests: { storage: String(size) } },
    },
  } as const;
}
