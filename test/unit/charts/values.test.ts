import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isMap, isPair, isScalar, parse, parseDocument, visit } from 'yaml';
import { projectDir } from '../../cluster/paths.ts';

const chart = join(projectDir, 'charts', 'berth');
const valuesText = await readFile(join(chart, 'values.yaml'), 'utf8');

interface ValuesSchema {
  additionalProperties?: boolean | ValuesSchema;
  properties?: Record<string, ValuesSchema>;
  $ref?: string;
}

test('values.yaml has a comment above every value, or above the group that it is alone in', () => {
  const document = parseDocument(valuesText);
  const lines = valuesText.split('\n');
  const bare: string[] = [];
  visit(document, {
    Pair(_key, pair, ancestors) {
      const value = isPair(pair) ? pair.value : undefined;
      if (!isScalar(pair.key) || (isMap(value) && !value.flow)) return undefined;
      const line = valuesText.slice(0, pair.key.range?.[0]).split('\n').length - 1;
      const group = ancestors.findLast((node) => isPair(node));
      const groupKey = group?.key;
      const groupLine = isScalar(groupKey) ? valuesText.slice(0, groupKey.range?.[0]).split('\n').length - 1 : line;
      if (![line, groupLine].some((at) => lines[at - 1]?.trim().startsWith('#'))) bare.push(String(pair.key.value));
      return visit.SKIP; // What stands inside a flow is part of the value.
    },
  });
  expect(bare).toEqual([]);
});

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
    const isOpen =
      ['resources', 'session.env'].includes(path) || /^session\.resources\.|^monitoring\..*\.labels$/.test(path);
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isGroup && !isOpen ? keysOf(value, `${path}.`) : [path];
  });
}
