import { ensureDebianProgram } from './debian-program.ts';

/**
 * The promtool to use: that of the machine, or the one of Debian's package, fetched once into the cache.
 * @throws {PrerequisiteMissingError} there is neither
 */
export async function ensurePromtool(): Promise<string> {
  const [file] = await ensureDebianProgram({ name: 'promtool', debianPackage: 'prometheus', isFor: 'test the alerts' });
  return file;
}
