import { readFile } from 'node:fs/promises';
import { Ajv, type ErrorObject } from 'ajv';
import { ensureOpenApiDocument, type KubernetesMinor } from '../cluster/openapi-documents.ts';
import type { Manifest } from './helm-chart.ts';

/** Checks manifests by what one version of Kubernetes says of its own kinds. */
export interface ManifestSchema {
  /** Whether the document knows this kind at all. */
  knows(manifest: Pick<Manifest, 'apiVersion' | 'kind'>): boolean;
  /**
   * Gives a sentence for each fault: a field that is not known, that is missing, or of another type.
   * @throws {RangeError} the kind is not known
   */
  faultsOf(manifest: Manifest): string[];
}

/** An OpenAPI 2 definition, which is a JSON schema but for a few words. */
interface Definition {
  properties?: Record<string, unknown>;
  additionalProperties?: unknown;
  'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
  [word: string]: unknown;
}

const ofDefinitions = (name: string) => ({ $ref: `#/definitions/${name}` });
const crdTypes = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const schemaProps = ofDefinitions(`${crdTypes}.JSONSchemaProps`);
/** Types that are written in several ways: the documents say nothing of them, or something that is not so. */
const writtenInSeveralWays: Readonly<Record<string, Definition>> = {
  [`${crdTypes}.JSONSchemaPropsOrArray`]: { anyOf: [schemaProps, { type: 'array', items: schemaProps }] },
  [`${crdTypes}.JSONSchemaPropsOrBool`]: { anyOf: [schemaProps, { type: 'boolean' }] },
  [`${crdTypes}.JSONSchemaPropsOrStringArray`]: {
    anyOf: [schemaProps, { type: 'array', items: { type: 'string' } }],
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['integer', 'string'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['number', 'string'] },
};

/** Reads the document of a version; the first time it has to be fetched. */
export async function readManifestSchema(minor: KubernetesMinor): Promise<ManifestSchema> {
  const document = JSON.parse(await readFile(await ensureOpenApiDocument(minor), 'utf8')) as {
    definitions: Record<string, Definition>;
  };
  const definitions = { ...document.definitions, ...writtenInSeveralWays };
  const nameOfKind = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions)) {
    refuseUnknownFields(definition);
    const kinds = definition['x-kubernetes-group-version-kind'] ?? [];
    const [only] = kinds; // What has several is of no kind of its own, as DeleteOptions.
    if (only !== undefined && kinds.length === 1) nameOfKind.set(keyOf(only), name);
  }
  // Formats are Go's and Kubernetes' own, as int-or-string; what they narrow is the API server's to check.
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, inlineRefs: false });
  ajv.addSchema({ $id: minor, definitions });

  const definitionOf = ({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>) => {
    const [version = '', group = ''] = apiVersion.split('/').toReversed();
    return nameOfKind.get(keyOf({ group, version, kind }));
  };
  return {
    knows: (manifest) => definitionOf(manifest) !== undefined,
    faultsOf(manifest) {
      const name = definitionOf(manifest);
      if (name === undefined)
        throw new RangeError(`Cannot check "${manifest.kind}" of ${manifest.apiVersion}: Kubernetes ${minor} has none`);
      const validate = ajv.getSchema(`${minor}#/definitions/${name}`);
      if (validate === undefined) throw new RangeError(`Cannot check "${manifest.kind}": "${name}" is not compiled`);
      if (validate(manifest) === true) return [];
      const object = `${manifest.kind} "${manifest.metadata.name}"`;
      return (validate.errors ?? []).map((error) => `${object}: ${inWords(error)} (Kubernetes ${minor})`);
    },
  };
}

const keyOf = ({ group, version, kind }: { group: string; version: string; kind: string }) =>
  `${group}/${version} ${kind}`;

/** What names its fields has no others. The API server drops such a field, or refuses the object, as it was asked. */
function refuseUnknownFields(definition: Definition): void {
  if (definition.properties !== undefined) definition.additionalProperties ??= false;
}

function inWords({ instancePath, keyword, message, params }: ErrorObject): string {
  const where = instancePath === '' ? 'at its top' : `at ${instancePath}`;
  if (keyword === 'additionalProperties') return `${where} the field "${params['additionalProperty']}" is not known`;
  return `${where}: ${message}`;
}
