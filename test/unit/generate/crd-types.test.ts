import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectDir } from '../../cluster/paths.ts';
import { crdTypes, typesOfCrd } from '../../generate/crd-types.ts';

test.each(crdTypes)('typesOfCrd() gives what is in $types; else run `make generate`', async ({ crd, types, name }) => {
  const written = await readFile(join(projectDir, types), 'utf8');
  expect(written).toBe(await typesOfCrd(crd, name));
});
