import { claimName } from '@berth/operator/resource/names.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { devImage } from './dev-image.ts';
import { applyManifest, kubectl } from './kubectl.ts';

/** The user of session images, whose the files on a volume are. */
const sessionUser = 10001;

/**
 * Runs a script of Node on the volume of a session that has no pod, at /data, and gives what it printed: what a person does
 * who looks at a volume, or harms it, between two runs.
 */
export async function onVolumeOf(namespace: string, session: string, script: string): Promise<string> {
  const name = `surgeon-${session}`;
  const here = ['--namespace', namespace];
  await applyManifest({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: sessionUser,
        runAsGroup: sessionUser,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'surgeon',
          image: devImage('test-stand-ins'),
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '--eval', script],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claimName(session) } }],
    },
  });
  try {
    await waitUntil(`end of pod "${name}"`, 30_000, async () => {
      const phase = await kubectl([...here, 'get', 'pod', name, '--output=jsonpath={.status.phase}']);
      if (phase === 'Failed') throw new Error(await kubectl([...here, 'logs', name]));
      return phase === 'Succeeded' ? { value: undefined } : { seen: phase };
    });
    return await kubectl([...here, 'logs', name]);
  } finally {
    await kubectl([...here, 'delete', 'pod', name, '--grace-period=0', '--force', '--wait=true', '--timeout=30s']);
  }
}
