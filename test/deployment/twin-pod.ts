import { applyManifest, kubectl } from './kubectl.ts';

/** What is read of a session's pod and given to its twin. */
interface SessionPodSpec {
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly persistentVolumeClaim?: object }[];
  readonly securityContext: object;
}
interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string }[];
  readonly securityContext: object;
}

/** An address of those that are for documentation: nobody answers there. */
const nowhere = 'https://192.0.2.1:8443';

/**
 * Starts a second pod with a copy of a session's credentials, which nobody manages and which does not reach the operator:
 * what a process is whose node was cut off and whose pod was given up. Needs the session's pod to run.
 * @returns the twin's name
 */
export async function startTwin(namespace: string, session: string): Promise<string> {
  const here = ['--namespace', namespace];
  const { spec } = JSON.parse(await kubectl([...here, 'get', 'pod', session, '--output=json'])) as {
    spec: SessionPodSpec;
  };
  const [container] = spec.containers;
  const name = `twin-of-${session}`;
  const copy = {
    name: 'copy',
    image: container.image,
    imagePullPolicy: 'IfNotPresent',
    command: ['cp', '--recursive', '/original/.', '/data'],
    securityContext: container.securityContext,
    volumeMounts: [
      { name: 'original', mountPath: '/original', readOnly: true },
      { name: 'data', mountPath: '/data' },
    ],
  };
  const others = spec.volumes.filter(({ persistentVolumeClaim }) => persistentVolumeClaim === undefined);
  const original = spec.volumes.find(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
  const env = container.env.map((each) =>
    each.name === 'BERTH_OPERATOR_URL' ? { name: each.name, value: nowhere } : each,
  );
  await applyManifest({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: spec.securityContext,
      initContainers: [copy],
      containers: [{ ...container, env }],
      volumes: [...others, { ...original, name: 'original' }, { name: original?.name ?? 'data', emptyDir: {} }],
    },
  });
  return name;
}
