import { BerthError } from '@berth/protocol';
import { mustRun } from '../cluster/command.ts';
import { ctrArguments } from '../cluster/containerd.ts';
import { hasKind } from '../cluster/kind.ts';
import { clusterDir } from '../cluster/paths.ts';
import { kubectl, tryKubectl } from './kubectl.ts';

/** A Deployment and the labels of its pods. */
export interface Deployed {
  readonly namespace: string;
  readonly name: string;
  readonly selector: string;
}

/** A Deployment's pods do not become ready. */
export class RolloutError extends BerthError {
  readonly code = 'ROLLOUT_FAILED';
  readonly retryable = true;
  constructor({ namespace, name }: Deployed, seen: string, options: ErrorOptions) {
    super(`Cannot roll out "${namespace}/${name}": its pods do not become ready; read what they say: ${seen}`, options);
  }
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly status?: { readonly containerStatuses?: readonly { readonly imageID: string }[] };
  }[];
}

const rolloutSeconds = 60;

/**
 * Waits until a Deployment runs, and runs the image as it is now: an image that was built again has the same tag, so
 * nothing in the Deployment tells that its pods are of yesterday.
 * @throws {RolloutError} with the end of the pods' logs
 */
export async function waitForRollout(deployed: Deployed): Promise<void> {
  const { namespace, name, selector } = deployed;
  const inNamespace = ['--namespace', namespace];
  const image = await kubectl([...inNamespace, 'get', 'deployment', name, `--output=jsonpath=${imageOfDeployment}`]);
  const pods = await kubectl([...inNamespace, 'get', 'pods', '--selector', selector, '--output=json']);
  if (!runOnly(await imageId(image), JSON.parse(pods) as PodList))
    await kubectl([...inNamespace, 'rollout', 'restart', `deployment/${name}`]);
  try {
    const words = ['rollout', 'status', `deployment/${name}`, `--timeout=${rolloutSeconds}s`];
    await kubectl([...inNamespace, ...words], { timeoutMs: (rolloutSeconds + 10) * 1000 });
  } catch (cause) {
    const logs = await tryKubectl([...inNamespace, 'logs', '--selector', selector, '--tail=20', '--prefix']);
    const state = await tryKubectl([...inNamespace, 'get', 'pods', '--selector', selector]);
    throw new RolloutError(deployed, `${state.stdout}\n${logs.stdout}${logs.stderr}`, { cause });
  }
}

const imageOfDeployment = '{.spec.template.spec.containers[0].image}';

/** Pods that are going or have not started yet do not count. */
function runOnly(wantedId: string, { items }: PodList): boolean {
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .every(({ imageID }) => imageID === '' || imageID.endsWith(wantedId));
}

/** The digest of an image's configuration, as the kubelet shows it in a pod's status. */
async function imageId(image: string): Promise<string> {
  if (await hasKind()) return (await mustRun('docker', ['image', 'inspect', '--format={{.Id}}', image])).trim();
  const ctr = ctrArguments(clusterDir);
  const listed = await mustRun('ctr', [...ctr, 'images', 'list', `name==${image}`]);
  const manifestDigest = listed.split('\n')[1]?.split(/\s+/)[2] ?? '';
  const manifest = await mustRun('ctr', [...ctr, 'content', 'get', manifestDigest]);
  return (JSON.parse(manifest) as { config: { digest: string } }).config.digest;
}
