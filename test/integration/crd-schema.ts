import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectDir } from '../cluster/paths.ts';

/** The part of a CustomResourceDefinition that tests read. */
export interface Crd {
  metadata: { name: string };
  spec: {
    group: string;
    names: { kind: string; plural: string };
    versions: [{ name: string; additionalPrinterColumns: { name: string }[]; schema: { openAPIV3Schema: CrdSchema } }];
  };
}

/** A node of a CRD's schema. */
export interface CrdSchema {
  type?: string;
  description?: string;
  properties?: Record<string, CrdSchema>;
  additionalProperties?: CrdSchema;
  items?: CrdSchema;
  required?: string[];
  enum?: string[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-validations'?: { rule: string; message: string }[];
}

/** Reads a file of `crds/`. */
export async function readCrd(file: string): Promise<Crd> {
  return parse(await readFile(join(projectDir, 'crds', file), 'utf8')) as Crd;
}
