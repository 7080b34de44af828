import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../command.ts';
import { pauseImage } from '../containerd.ts';
import { contentKey } from '../content-key.ts';
import { cacheDir } from '../paths.ts';
import { buildahBuilder } from './image-builder.ts';

/** Sees to it that containerd has the sandbox's image; it builds it from its Go source if not. */
export async function ensurePauseImage(dir: string): Promise<void> {
  const source = join(import.meta.dirname, 'pause');
  const key = contentKey([await readFile(join(source, 'main.go')), await readFile(join(source, 'Dockerfile'))]);
  const builder = buildahBuilder(dir);
  if (await builder.isLoaded(pauseImage, key)) return;
  const context = join(cacheDir, 'contexts', 'pause');
  await mkdir(context, { recursive: true });
  await cp(join(source, 'Dockerfile'), join(context, 'Dockerfile'));
  await mustRun('go', ['build', '-ldflags', '-s -w', '-o', join(context, 'pause'), join(source, 'main.go')], {
    env: { CGO_ENABLED: '0' },
    timeoutMs: 300_000,
  });
  await builder.build({ name: pauseImage, dockerfile: join(context, 'Dockerfile'), context, key });
  await builder.load(pauseImage, key);
}
