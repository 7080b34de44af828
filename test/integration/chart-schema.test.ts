import { beforeAll, describe, expect, test } from 'vitest';
import { kubernetesMinors } from '../cluster/openapi-documents.ts';
import { everythingOn } from './everything-on.ts';
import { chartDir, type HelmChart, type Manifest, openHelmChart } from './helm-chart.ts';
import { type ManifestSchema, readManifestSchema } from './manifest-schema.ts';

/** Kinds that others define are in no document of Kubernetes. Of the rules, promtool checks what stands in them. */
const elsewhere = [
  'cert-manager.io/v1 Certificate',
  'monitoring.coreos.com/v1 PrometheusRule',
  'monitoring.coreos.com/v1 ServiceMonitor',
];
const kindOf = ({ apiVersion, kind }: Manifest) => `${apiVersion} ${kind}`;

let chart: HelmChart;
let manifests: Record<'by default' | 'with everything on', Manifest[]>;
beforeAll(async () => {
  chart = await openHelmChart();
  manifests = { 'by default': await chart.render(), 'with everything on': await chart.render(await everythingOn()) };
}, 600_000);

describe.each(kubernetesMinors)('Kubernetes %s', (minor) => {
  let schema: ManifestSchema;
  beforeAll(async () => {
    schema = await readManifestSchema(minor);
  }, 300_000);

  test.each(['by default', 'with everything on'] as const)('knows every field of what is made %s', (values) => {
    const known = manifests[values].filter((manifest) => schema.knows(manifest));
    expect(known.flatMap((manifest) => schema.faultsOf(manifest))).toEqual([]);
    expect(known.length).toBeGreaterThan(10);
  });

  test('knows every kind but those that others define', () => {
    const unknown = manifests['with everything on'].filter((manifest) => !schema.knows(manifest)).map(kindOf);
    expect([...new Set(unknown)].sort()).toEqual(elsewhere);
  });
});

describe('a mistake is found:', () => {
  let schema: ManifestSchema;
  beforeAll(async () => {
    schema = await readManifestSchema('1.34');
  }, 300_000);

  /** A copy of the first of a kind, with the text replaced in it. */
  const mutant = (kind: string, text: string, by: string): Manifest => {
    const [first] = manifests['with everything on'].filter((each) => each.kind === kind);
    const before = JSON.stringify(first);
    expect(before).toContain(text);
    return JSON.parse(before.replace(text, by)) as Manifest;
  };

  test.each([
    {
      name: 'a field of a pod that does not exist',
      of: () => mutant('Deployment', '"readOnlyRootFilesystem"', '"readOnlyRootFileSystem"'),
      finds: 'at /spec/template/spec/containers/0/securityContext the field "readOnlyRootFileSystem" is not known',
    },
    {
      name: 'a field beside its place',
      of: () => mutant('PodDisruptionBudget', '"maxUnavailable":1', '"maxUnavailable":1,"minReplicas":1'),
      finds: 'at /spec the field "minReplicas" is not known',
    },
    {
      name: 'a field of the wrong type',
      of: () => mutant('Job', '"backoffLimit":2', '"backoffLimit":"2"'),
      finds: 'at /spec/backoffLimit: must be integer',
    },
    {
      name: 'a field that is missing',
      of: () => mutant('ClusterRoleBinding', '"roleRef"', '"roleref"'),
      finds: "at its top: must have required property 'roleRef'",
    },
    {
      name: 'a word of a schema that does not exist, deep inside of a definition',
      of: () => mutant('CustomResourceDefinition', '"maxLength"', '"maximumLength"'),
      finds: 'the field "maximumLength" is not known',
    },
    {
      name: 'a word of a schema that does not exist, in the items of a list',
      of: () => mutant('CustomResourceDefinition', '"items":{', '"items":{"minimal":1,'),
      finds: 'the field "minimal" is not known',
    },
  ])('$name', ({ of, finds }) => {
    expect(schema.faultsOf(of())).toContainEqual(expect.stringContaining(finds));
  });
});

describe('the chart is for Kubernetes 1.31 and newer:', () => {
  const renderFor = (version: string) => chart.helm('template', 'berth', chartDir, `--kube-version=${version}`);

  test.each([...kubernetesMinors.map((minor) => `${minor}.0`), '1.31.0-gke.100', '1.31.1-eks-1234567'])(
    'it installs on %s',
    async (version) => {
      await expect(renderFor(version)).resolves.toContain('kind: Deployment');
    },
  );

  test('it is refused on 1.30, with a message', async () => {
    await expect(renderFor('1.30.14')).rejects.toThrow(/chart requires kubeVersion: >=1\.31\.0-0/);
  });
});
