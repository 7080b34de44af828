import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type AdminApi, AdminApiError } from './admin-api.ts';
import { projectDir } from './paths.ts';
import { waitUntil } from './wait-until.ts';

/** Applies every CRD below `crds/` and waits until the API server serves it. */
export async function applyCrds(api: AdminApi): Promise<void> {
  const folder = join(projectDir, 'crds');
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.yaml')))
    for (const document of parseAllDocuments(await readFile(join(folder, file), 'utf8'))) {
      const crd = document.toJS() as Crd;
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`;
      await api.apply(path, crd);
      await waitUntil(`established CRD "${crd.metadata.name}"`, 20_000, async () => {
        const { status } = (await api.request('GET', path)) as { status?: { conditions?: Condition[] } };
        const established = status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True');
        return established ? { value: undefined } : { seen: JSON.stringify(status?.conditions ?? []) };
      });
      await untilServed(api, crd);
    }
}

/** A CRD is established a moment before its handler is there, and that a moment before its storage is. */
async function untilServed(api: AdminApi, { spec: { group, versions, names } }: Crd): Promise<void> {
  for (const { name } of versions)
    await waitUntil(`served "${names.plural}"`, 20_000, async () => {
      try {
        return { value: await api.request('GET', `/apis/${group}/${name}/${names.plural}`) };
      } catch (error) {
        if (!(error instanceof AdminApiError)) throw error;
        return { seen: error.message };
      }
    });
}

interface Crd {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly versions: readonly { readonly name: string }[];
    readonly names: { readonly plural: string };
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
}
