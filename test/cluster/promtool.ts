import { ensureDebianProgram } from './debian-program.ts';

/**
 * The promtool to use: that of the machine, or the one of Debian's package, fetched once into the cache.
 * @throws {PrerequisiteMissingError} there is neither
 */
export const ensurePromtool = (): Promise<string> =>
  ensureDebianProgram({ name: 'promtool', debianPackage: 'prometheus', isFor: 'test the alerts' });
