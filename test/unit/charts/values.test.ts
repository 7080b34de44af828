import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { projectDir } from '../../cluster/paths.ts';

const chart = join(projectDir, 'charts', 'berth');
const valuesText = await readFile(join(chart, 'values.yaml'), 'utf8');

interface ValuesSchema {
  additionalProperties?: boolean | ValuesSchema;
  properties?: Record<string, ValuesSchema>;
  $ref?: string;
}

test('values.schema.json knows every value, and no other', async () => {
  const schema = JSON.parse(await readFile(join(chart, 'values.schema.json'), 'utf8')) as ValuesSchema;
  expect(propertiesOf(schema)).toEqual(['global', ...keysOf(parse(valuesText) as object)].sort());
});

/** Paths of a schema's properties, down to those that are open or defined elsewhere. */
function propertiesOf({ properties = {} }: ValuesSchema, at = ''): string[] {
  return Object.entries(properties)
    .flatMap(([name, property]) => (property.properties ? propertiesOf(property, `${at}${name}.`) : [`${at}${name}`]))
    .sort();
}

/** Paths of the values, down to those whose inside the schema leaves open. */
function keysOf(values: object, at = ''): string[] {
  return Object.entries(values).flatMap(([name, value]: [string, unknown]) => {
    const path = `${at}${name}`;
    const isOpen = path === 'resources' || /^session\.resources\.|^monitoring\..*\.labels$/.test(path);
    // An empty map is filled in by whoever installs.
    const isGroup =
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
    return isGroup && !isOpen ? keysOf(value, `${path}.`) : [path];
  });
}
