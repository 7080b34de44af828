import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Writes SHA256SUMS beside the files, as `sha256sum --check` reads it, and gives its path. */
export async function writeChecksums(dir: string, files: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const file of files.toSorted()) lines.push(`${await sha256(file)}  ${basename(file)}\n`);
  const sums = join(dir, 'SHA256SUMS');
  await writeFile(`${sums}.unfinished`, lines.join(''));
  await rename(`${sums}.unfinished`, sums);
  return sums;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
