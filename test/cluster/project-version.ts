import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectDir } from './paths.ts';

/** The version of the project, from its package.json: that of its chart and of its images. */
export async function projectVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(projectDir, 'package.json'), 'utf8')) as { version: string };
  return version;
}
