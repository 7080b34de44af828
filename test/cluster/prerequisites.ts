import { existsSync } from 'node:fs';
import { BerthError } from '@berth/protocol';
import { isOnPath, mustRun, run } from './command.ts';
import { say, step } from './progress.ts';

/** Programs of the bare cluster by the Debian package that brings each. */
const packages = {
  containerd: ['containerd', 'ctr'],
  runc: ['runc'],
  buildah: ['buildah'],
  debootstrap: ['debootstrap'],
  iptables: ['iptables', 'iptables-save', 'ip6tables-restore'],
  conntrack: ['conntrack'],
  iproute2: ['ip'],
  mount: ['mount', 'umount'],
} as const;
const cniPackage = 'containernetworking-plugins';
const cniPlugins = '/usr/lib/cni/bridge';

/** Something that the bare cluster or a test needs is not there and cannot be installed from here. */
export class PrerequisiteMissingError extends BerthError {
  readonly code = 'PREREQUISITE_MISSING';
  readonly retryable = false;
}

/** Installs what the bare cluster needs of Debian's packages; a second call finds all of it there and takes no time. */
export async function ensurePrerequisites(): Promise<void> {
  if (process.platform !== 'linux')
    throw new PrerequisiteMissingError(
      'Cannot run a cluster: this machine has no working Docker with kind and is not Linux; install and start Docker and kind',
    );
  if (process.getuid?.() !== 0)
    throw new PrerequisiteMissingError(
      'Cannot run a bare cluster: only root may, and there is no working Docker with kind; run as root or install them',
    );
  const missing = await missingPackages();
  if (missing.length === 0) return;
  const command = `apt-get install --yes --no-install-recommends ${missing.join(' ')}`;
  if (!(await isOnPath('apt-get')))
    throw new PrerequisiteMissingError(
      `Cannot run a bare cluster: "${missing.join('", "')}" are missing; install them as Debian's "${command}" would`,
    );
  await step(`Installing ${missing.join(', ')}`, '30 s', async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const install = () => run('/bin/sh', ['-c', command], { env, timeoutMs: 600_000 });
    if ((await install()).status === 0) return; // The machine's package lists were recent enough.
    await mustRun('apt-get', ['update'], { env, timeoutMs: 300_000 });
    const { status, stderr } = await install();
    if (status !== 0) throw new PrerequisiteMissingError(`Cannot install what is missing: ${stderr}; run "${command}"`);
  });
  const stillMissing = await missingPackages();
  if (stillMissing.length > 0) say(`  "${stillMissing.join('", "')}" did not bring all programs that are expected`);
}

async function missingPackages(): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, programs] of Object.entries(packages)) {
    const found = await Promise.all(programs.map(isOnPath));
    if (found.includes(false)) missing.push(name);
  }
  if (!existsSync(cniPlugins)) missing.push(cniPackage);
  return missing;
}
