// Exits with 0 when node_modules holds what package-lock.json says. It runs on any Node, before ours is installed, so it
// is plain JavaScript. npm keeps in node_modules a copy of the lockfile's entries for all that it has installed.
import { existsSync, readFileSync } from 'node:fs';

const read = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

function areCurrent() {
  if (!existsSync('node_modules/.package-lock.json') || !existsSync('node_modules/.bin/node')) return false;
  const wanted = read('package-lock.json');
  const installed = read('node_modules/.package-lock.json');
  const isPackage = (path) => path.includes('node_modules/');
  const isSame = (path) =>
    installed[path] === undefined
      ? wanted[path].optional || wanted[path].devOptional || wanted[path].peer // Another platform's, for instance.
      : installed[path].version === wanted[path].version && installed[path].integrity === wanted[path].integrity;
  return Object.keys(wanted).filter(isPackage).every(isSame); // One too many does no harm.
}

process.exitCode = areCurrent() ? 0 : 1;
