import { env } from 'node:process';

/**
 * The port that a variable of the environment names; 0 takes a free one.
 * @param otherwise where it is empty or missing
 * @throws {RangeError} it is no port
 */
export function portFrom(name: string, otherwise: number): number {
  const port = env[name] ? Number(env[name]) : otherwise;
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new RangeError(`Cannot listen: "${name}" is not a port; give a number up to 65535`);
}
