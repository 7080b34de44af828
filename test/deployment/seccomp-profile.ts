import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mustRun } from '../cluster/command.ts';
import { hasKind, kindNode } from '../cluster/kind.ts';
import { clusterDir, projectDir } from '../cluster/paths.ts';

/** The profile's name on the node, as the chart's default gives it to sessions. */
const seccompProfile = 'berth/chromium.json';

/** Puts the seccomp profile of the browser's sandbox onto the node, as docs/browser-sandbox.md tells an administrator to. */
export async function installSeccompProfile(): Promise<void> {
  const source = join(projectDir, 'charts', 'berth', 'files', 'seccomp', 'chromium.json');
  if (await hasKind()) {
    const target = `/var/lib/kubelet/seccomp/${seccompProfile}`;
    await mustRun('docker', ['exec', kindNode, 'mkdir', '-p', dirname(target)]);
    await mustRun('docker', ['cp', source, `${kindNode}:${target}`]);
    return;
  }
  const target = join(clusterDir, 'kubelet', 'seccomp', seccompProfile);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(source, target);
}
