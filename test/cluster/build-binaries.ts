import { apiServerBinaries, clusterBinaries, ensureBinaries } from './binaries.ts';

// `node test/cluster/build-binaries.ts [api-server]` prints the path of each.
if (import.meta.main) {
  const names = process.argv[2] === 'api-server' ? apiServerBinaries : clusterBinaries;
  for (const path of Object.values(await ensureBinaries(names))) console.log(path);
}
