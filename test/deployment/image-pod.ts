import { applyManifest, kubectl } from './kubectl.ts';

/** A pod of an image that does nothing by itself. */
export interface ImagePod {
  /** Runs a command in it, and gives what it printed. Rejects unless it ends with 0. */
  execute(...command: readonly string[]): Promise<string>;
}

export interface ImagePodOptions {
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
}

/** Starts a pod with the rights and volumes that a session's has, which waits for commands. The namespace's end is its end. */
export async function startImagePod(options: ImagePodOptions): Promise<ImagePod> {
  const { namespace, name, image } = options;
  await applyManifest({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 10001,
        runAsGroup: 10001,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'image',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['tini', '--', 'sleep', '600'],
          resources: { limits: { memory: '1Gi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [
            { name: 'tmp', mountPath: '/tmp' },
            { name: 'shm', mountPath: '/dev/shm' },
          ],
        },
      ],
      volumes: ['tmp', 'shm'].map((volume) => ({ name: volume, emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } })),
    },
  });
  const here = ['--namespace', namespace];
  await kubectl([...here, 'wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s'], { timeoutMs: 70_000 });
  return { execute: (...command) => kubectl([...here, 'exec', name, '--', ...command], { timeoutMs: 60_000 }) };
}
