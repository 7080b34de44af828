import { mustRun } from '../cluster/command.ts';
import { ctrArguments } from '../cluster/containerd.ts';
import { hasKind } from '../cluster/kind.ts';
import { clusterDir } from '../cluster/paths.ts';
import { kubectl } from './kubectl.ts';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly deletionTimestamp?: string };
    readonly status?: { readonly containerStatuses?: readonly { readonly imageID: string }[] };
  }[];
}

/**
 * Waits until a Deployment runs, and runs the image as it is now: an image that was built again has the same tag, so
 * nothing in the Deployment tells that its pods are of yesterday.
 */
export async function waitForRollout(namespace: string, deployment: string, selector: string): Promise<void> {
  const rollout = (verb: string, ...more: string[]) =>
    kubectl(['--namespace', namespace, 'rollout', verb, `deployment/${deployment}`, ...more], { timeoutMs: 120_000 });
  await rollout('status', '--timeout=90s');
  const template = '{.spec.template.spec.containers[0].image}';
  const image = await kubectl(['--namespace', namespace, 'get', 'deployment', deployment, `--output=jsonpath=${template}`]);
  const wanted = await imageId(image);
  const { items } = JSON.parse(
    await kubectl(['--namespace', namespace, 'get', 'pods', '--selector', selector, '--output=json']),
  ) as PodList;
  const living = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const isCurrent = living.every(({ status }) =>
    status?.containerStatuses?.every(({ imageID }) => imageID.endsWith(wanted)),
  );
  if (isCurrent) return;
  await rollout('restart');
  await rollout('status', '--timeout=90s');
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
