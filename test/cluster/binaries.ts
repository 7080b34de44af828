import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/protocol';
import { isOnPath, mustRun } from './command.ts';
import { contentKey } from './content-key.ts';
import { withExclusiveLock } from './exclusive-lock.ts';
import { cacheDir } from './paths.ts';
import { step } from './progress.ts';

/** A program that is built from a Go module pinned under `modules/`. */
export type Binary = keyof typeof programs;

const kubernetesVersion = '1.34.4';
const kubernetes = {
  module: 'kubernetes',
  ldflags: `-s -w -X k8s.io/component-base/version.gitVersion=v${kubernetesVersion} -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34`,
};
/** Times are of two cores and an empty build cache. */
const programs = {
  etcd: { module: 'kubernetes', ldflags: '-s -w', package: 'go.etcd.io/etcd/server/v3', usually: '1 min' },
  'kube-apiserver': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-apiserver', usually: '5 min' },
  'kube-controller-manager': {
    ...kubernetes,
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    usually: '1 min',
  },
  'kube-scheduler': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-scheduler', usually: '30 s' },
  kubelet: { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kubelet', usually: '1 min' },
  'kube-proxy': { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kube-proxy', usually: '20 s' },
  kubectl: { ...kubernetes, package: 'k8s.io/kubernetes/cmd/kubectl', usually: '30 s' },
  helm: {
    module: 'helm',
    ldflags: '-s -w -X helm.sh/helm/v3/internal/version.version=v3.19.5',
    package: 'helm.sh/helm/v3/cmd/helm',
    usually: '2.5 min',
  },
  coredns: { module: 'coredns', ldflags: '-s -w', package: 'github.com/coredns/coredns', usually: '3 min' },
} as const;

/** What integration tests need. */
export const apiServerBinaries = ['etcd', 'kube-apiserver'] as const satisfies readonly Binary[];
/** What a whole cluster needs. */
export const clusterBinaries = Object.keys(programs) as readonly Binary[];

/** Go is not there. */
export class GoMissingError extends BerthError {
  readonly code = 'GO_MISSING';
  readonly retryable = false;
  constructor(names: readonly string[]) {
    super(`Cannot build "${names.join('", "')}": "go" is not on the PATH; install Go 1.26 or newer`);
  }
}

/**
 * Sees to it that these programs are built, and gives the path of each.
 * One finished is never built again until its pinned versions or flags change; an interrupted build goes on from Go's own cache.
 */
export async function ensureBinaries<Name extends Binary>(names: readonly Name[]): Promise<Record<Name, string>> {
  const paths = {} as Record<Name, string>;
  for (const name of names) paths[name] = await binaryPath(name);
  const isMissing = (name: Name) => !existsSync(paths[name]);
  if (names.some(isMissing))
    await withExclusiveLock(join(cacheDir, 'binaries.lock'), async () => {
      const missing = names.filter(isMissing); // Another process may have built some while we waited.
      if (missing.length > 0 && !(await isOnPath('go'))) throw new GoMissingError(missing);
      for (const [index, name] of missing.entries())
        await step(`Building ${name} (${index + 1} of ${missing.length})`, programs[name].usually, () =>
          build(name, paths[name]),
        );
    });
  return paths;
}

async function binaryPath(name: Binary): Promise<string> {
  const { module, ldflags } = programs[name];
  const versions = [
    await readFile(join(moduleDir(module), 'go.mod')),
    await readFile(join(moduleDir(module), 'go.sum')),
  ];
  const key = contentKey([...versions, ldflags, process.platform, process.arch]);
  return join(cacheDir, 'bin', `${module}-${key}`, name);
}

const moduleDir = (module: string) => join(import.meta.dirname, 'modules', module);

async function build(name: Binary, path: string): Promise<void> {
  const { module, ldflags, package: goPackage } = programs[name];
  const unfinished = `${path}.unfinished`;
  await mkdir(join(path, '..'), { recursive: true });
  await mustRun('go', ['build', '-ldflags', ldflags, '-o', unfinished, goPackage], {
    cwd: moduleDir(module),
    env: { CGO_ENABLED: '0' },
    timeoutMs: 45 * 60_000,
  });
  await rename(unfinished, path);
}

/** Forgets every binary that was built; the next use builds it from Go's cache. */
export async function removeBinaries(): Promise<void> {
  await rm(join(cacheDir, 'bin'), { recursive: true, force: true });
}
