import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectDir } from '../../cluster/paths.ts';
import { crdFolders } from '../../generate/chart-crds.ts';
import { type CrdSchema, readCrd } from '../../integration/crd-schema.ts';

const source = join(projectDir, crdFolders.source);
const files = (await readdir(source)).filter((name) => name.endsWith('.yaml'));

test('the chart has the definitions of crds/ and no other; else run `make generate`', async () => {
  const chart = join(projectDir, crdFolders.chart);
  expect(await readdir(chart)).toEqual(files);
  for (const file of files)
    expect(await readFile(join(chart, file), 'utf8')).toBe(await readFile(join(source, file), 'utf8'));
});

test.each(files)('%s says a sentence about each field', async (file) => {
  const { openAPIV3Schema } = (await readCrd(file)).spec.versions[0].schema;
  expect(withoutSentence(openAPIV3Schema, file)).toEqual([]);
});

test.each(files)('%s is kept when the chart goes: without it every session would go too', async (file) => {
  const { metadata } = await readCrd(file);
  expect(metadata).toMatchObject({ annotations: { 'helm.sh/resource-policy': 'keep' } });
});

// Far below what the API server and kubectl take (256 KiB of annotation for `kubectl apply`): it is to show a schema that grows.
test.each(files)('%s is small: a large schema makes each write dearer', async (file) => {
  const { openAPIV3Schema } = (await readCrd(file)).spec.versions[0].schema;
  expect(JSON.stringify(openAPIV3Schema).length).toBeLessThan(24_576);
});

/** Paths of the fields whose description is missing or does not end with a full stop. */
function withoutSentence(schema: CrdSchema, at: string): string[] {
  const own = schema.description?.endsWith('.') ? [] : [at];
  const fields = Object.entries(schema.properties ?? {}).filter(([name]) => name !== 'metadata'); // The API server's own.
  return [
    ...own,
    ...fields.flatMap(([name, field]) => withoutSentence(field, `${at}.${name}`)),
    ...(schema.items ? withoutSentence(schema.items, `${at}[]`) : []),
    ...(schema.additionalProperties ? withoutSentence(schema.additionalProperties, `${at}{}`) : []),
  ];
}
