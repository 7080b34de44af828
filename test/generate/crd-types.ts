import { readFile, writeFile } from 'node:fs/promises';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { parse } from 'yaml';

/** A CRD's file in `crds/` and the TypeScript file that is made from its schema. */
export const crdTypes = [
  {
    crd: 'crds/berth.dev_whatsappsessions.yaml',
    types: 'operator/resource/generated/whatsapp-session.ts',
    name: 'WhatsAppSessionResource',
  },
  {
    crd: 'crds/berth.dev_sessionends.yaml',
    types: 'operator/resource/generated/session-end.ts',
    name: 'SessionEndResource',
  },
] as const;

interface Schema {
  [key: string]: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
}

/** Drops what TypeScript cannot say, and closes each object: the API server prunes unknown fields. */
function forTypeScript(schema: Schema): JSONSchema {
  const kept = Object.entries(schema).filter(
    ([key]) =>
      !key.startsWith('x-') && !['maxItems', 'minItems', 'pattern', 'format', 'anyOf', 'default'].includes(key),
  );
  const copy: Schema = Object.fromEntries(kept);
  if (schema['x-kubernetes-int-or-string'] === true) copy['type'] = ['integer', 'string'];
  if (schema.properties) {
    copy.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, forTypeScript(property) as Schema]),
    );
    copy['additionalProperties'] = false;
  }
  if (typeof schema['additionalProperties'] === 'object' && schema['additionalProperties'] !== null)
    copy['additionalProperties'] = forTypeScript(schema['additionalProperties'] as Schema);
  if (schema.items) copy.items = forTypeScript(schema.items) as Schema;
  return copy;
}

/** The TypeScript source of one CRD's served schema. */
export async function typesOfCrd(crdFile: string, name: string): Promise<string> {
  const crd = parse(await readFile(crdFile, 'utf8')) as {
    spec: { versions: { schema: { openAPIV3Schema: Schema } }[] };
  };
  const version = crd.spec.versions[0];
  if (!version) throw new Error(`Cannot generate types: "${crdFile}" has no version; add one`);
  const schema = forTypeScript(version.schema.openAPIV3Schema);
  const { metadata: _, ...properties } = schema.properties ?? {};
  return compile({ ...schema, title: name, properties, additionalProperties: false }, name, {
    bannerComment: `// Made from ${crdFile} by \`make generate\`; do not edit.`,
    format: true,
    style: { singleQuote: true, printWidth: 120 },
  });
}

if (import.meta.main) for (const { crd, types, name } of crdTypes) await writeFile(types, await typesOfCrd(crd, name));
