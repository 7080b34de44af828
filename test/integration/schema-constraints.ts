import type { CrdSchema } from './crd-schema.ts';

/** One thing that a schema asks of a field, with values on both sides of it. */
export interface Constraint {
  /** Path in the schema: `[]` is an item of a list, `{}` a value of a map. */
  readonly at: string;
  /** The keyword, or the message of a rule up to its colon. */
  readonly constraint: string;
  /** Absent where nobody can derive them: for a pattern and for a rule, the test's table gives them. */
  readonly sample?: { readonly accepted: readonly unknown[]; readonly refused: unknown };
}

type Json = Record<string, unknown>;

/**
 * Lists what a schema asks for, with the values that just meet it and just fail it.
 * @param given a full object, from whose values the samples are made
 */
export function constraintsOf(schema: CrdSchema, given: unknown, at = ''): Constraint[] {
  const keyword = (constraint: string, accepted: readonly unknown[], refused: unknown) =>
    [{ at, constraint, sample: { accepted, refused } }] satisfies Constraint[];
  const text = String(given);
  const own: Constraint[] = [
    ...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => ({
      at,
      constraint: message.split(': ')[0] ?? '',
    })),
    ...(schema.pattern === undefined ? [] : [{ at, constraint: 'pattern' }]),
    ...(schema.enum ? keyword('enum', schema.enum, 'Nonsense') : []),
    ...(schema.format === 'date-time' ? keyword('format', [given], 'yesterday') : []),
    ...(schema.minimum === undefined ? [] : keyword('minimum', [schema.minimum], schema.minimum - 1)),
    ...(schema.maximum === undefined ? [] : keyword('maximum', [schema.maximum], schema.maximum + 1)),
    ...(schema.minLength === undefined ? [] : keyword('minLength', ['a'.repeat(schema.minLength)], '')),
    ...(schema.maxLength === undefined ? [] : atMaxLength(schema, schema.maxLength)),
    ...(schema.minItems === undefined ? [] : keyword('minItems', [given], [])),
    ...(schema.maxItems === undefined ? [] : keyword('maxItems', [items(schema.maxItems)], items(schema.maxItems + 1))),
    ...(schema.maxProperties === undefined
      ? []
      : keyword('maxProperties', [entries(schema.maxProperties)], entries(schema.maxProperties + 1))),
    ...(schema['x-kubernetes-list-type'] === undefined ? [] : keyword('listType', [given], twice())),
  ];

  function atMaxLength({ pattern }: CrdSchema, length: number): Constraint[] {
    const filled = (size: number) => (pattern === undefined ? text.padEnd(size, 'a') : '1'.repeat(size));
    return keyword('maxLength', [filled(length)], filled(length + 1));
  }
  function items(count: number): unknown[] {
    const [first] = given as unknown[];
    return Array.from({ length: count }, (_, index) => numbered(first, index));
  }
  function numbered(item: unknown, index: number): unknown {
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    return {
      ...(item as Json),
      ...Object.fromEntries(keys.map((key) => [key, `${String((item as Json)[key])}${index}`])),
    };
  }
  function entries(count: number): Json {
    const [first] = Object.values(given as Json);
    return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, first]));
  }
  function twice(): unknown[] {
    return [...(given as unknown[]), ...(given as unknown[])];
  }

  const below = (name: string) => (at === '' ? name : `${at}.${name}`);
  const required = (schema.required ?? []).map((name) => {
    const accepted = [(given as Json)[name]];
    return { at: below(name), constraint: 'required', sample: { accepted, refused: undefined } };
  });
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    constraintsOf(property, (given as Json)[name], below(name)),
  );
  const ofItems = schema.items ? constraintsOf(schema.items, (given as unknown[])[0], `${at}[]`) : [];
  const ofValues = schema.additionalProperties
    ? constraintsOf(schema.additionalProperties, Object.values(given as Json)[0], `${at}{}`)
    : [];
  return [...own, ...required, ...properties, ...ofItems, ...ofValues];
}

/** The path of the first item and of the first entry, as the API server names it: `spec.webhooks[0].url`. */
export function fieldPath(at: string, given: unknown): string {
  return steps(at, given)
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1);
}

/** A copy of the object with another value at the path; `undefined` takes the field away. */
export function withValue<T>(given: T, at: string, value: unknown): T {
  const copy = structuredClone(given);
  const path = steps(at, given);
  const last = path.pop() ?? '';
  const parent = path.reduce<Json>((node, step) => node[step] as Json, copy as Json);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

function steps(at: string, given: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  let node = given;
  for (const [part] of at.matchAll(/\[\]|\{\}|[^.[\]{}]+/g)) {
    const step = part === '[]' ? 0 : part === '{}' ? (Object.keys(node as Json)[0] ?? '') : part;
    path.push(step);
    node = (node as Json | undefined)?.[step];
  }
  return path;
}
