import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun, run } from './command.ts';
import { cniConfiguration } from './network.ts';
import type { Processes } from './processes.ts';
import { waitUntil } from './wait-until.ts';

/** Where the cluster's own containerd listens; one that the machine may have besides is left alone. */
export const containerdSocket = (dir: string) => join(dir, 'containerd', 'containerd.sock');
/** The sandbox's image: there is no registry to take the usual one from. */
export const pauseImage = 'berth.dev/pause:dev';
/** The arguments with which `ctr` speaks to it about what Kubernetes sees. */
export const ctrArguments = (dir: string) => ['--address', containerdSocket(dir), '--namespace', 'k8s.io'];

const configuration = (dir: string) => `version = 2
root = "${join(dir, 'containerd', 'root')}"
state = "${join(dir, 'containerd', 'state')}"
[grpc]
  address = "${containerdSocket(dir)}"
[ttrpc]
  address = "${containerdSocket(dir)}.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # A machine that is itself a sandbox without CAP_SYS_RESOURCE may not lower an OOM score.
  restrict_oom_score_adj = true
  # Else they lie in /var/run/netns, where other things on the machine keep theirs.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(dir, 'cni')}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "${join(dir, 'containerd', 'runc')}"
`;

/** Starts containerd unless it runs, and returns once it answers. */
export async function startContainerd(dir: string, processes: Processes): Promise<void> {
  await mkdir(join(dir, 'containerd'), { recursive: true });
  await mkdir(join(dir, 'cni'), { recursive: true });
  await writeFile(join(dir, 'containerd.toml'), configuration(dir));
  await writeFile(join(dir, 'cni', '10-berth.conflist'), JSON.stringify(cniConfiguration(dir)));
  await processes.start('containerd', 'containerd', ['--config', join(dir, 'containerd.toml')]);
  await waitUntil('containerd that answers', 20_000, async () => {
    await processes.mustRun('containerd');
    const { status, stderr } = await run('ctr', [...ctrArguments(dir), 'version']);
    return status === 0 ? { value: undefined } : { seen: stderr };
  });
}

/** Kills every container of the cluster and removes it; images stay. Containerd has to run, the kubelet must not. */
export async function removeContainers(dir: string): Promise<void> {
  const ctr = ctrArguments(dir);
  const words = async (...command: string[]) =>
    (await mustRun('ctr', [...ctr, ...command])).split('\n').filter(Boolean);
  const tasks = await words('tasks', 'list', '--quiet');
  if (tasks.length > 0) await run('ctr', [...ctr, 'tasks', 'delete', '--force', ...tasks]);
  const containers = await words('containers', 'list', '--quiet');
  if (containers.length > 0) await run('ctr', [...ctr, 'containers', 'delete', ...containers]);
}

/** Kills the shims, and with them what they hold, that outlived their containerd. */
export async function killShims(dir: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (!words[0]?.includes('containerd-shim') || !words.includes(containerdSocket(dir))) continue;
    for (const child of await childrenOf(pid)) killIfThere(child);
    killIfThere(Number(pid));
  }
}

async function childrenOf(pid: string): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
