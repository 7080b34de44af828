import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ensureBinaries } from '../cluster/binaries.ts';
import { CommandError, run } from '../cluster/command.ts';
import { everythingOn } from './everything-on.ts';
import { type HelmChart, type Manifest, openHelmChart } from './helm-chart.ts';

const valuesToRender = ['by default', 'with everything on'] as const;
type Values = (typeof valuesToRender)[number];

interface Exception {
  readonly check: string;
  /** Each as `Kind name`. */
  readonly objects: readonly string[];
  /** Absent: in both cases. */
  readonly when?: Values;
  readonly why: string;
}

/** What kube-score prints as JSON, cut to what is read. */
interface ScoredObject {
  readonly type_meta: { readonly kind: string };
  readonly object_meta: { readonly name: string };
  readonly checks: readonly {
    readonly check: { readonly id: string };
    /** 10 is well, 1 is critical. */
    readonly grade: number;
    readonly skipped: boolean;
    readonly comments: readonly { readonly path: string; readonly summary: string }[] | null;
  }[];
}

let chart: HelmChart;
let kubeScore: string;
let exceptions: readonly Exception[];
beforeAll(async () => {
  chart = await openHelmChart();
  ({ 'kube-score': kubeScore } = await ensureBinaries(['kube-score']));
  exceptions = parse(await readFile(join(import.meta.dirname, 'kube-score.yaml'), 'utf8')) as Exception[];
}, 600_000);

/** Each finding as `check: Kind name`, with what was said of it. */
async function findingsIn(manifests: readonly Manifest[]): Promise<ReadonlyMap<string, string>> {
  const words = ['score', '--output-format=json', '--all-default-optional', '--kubernetes-version=v1.31'];
  // Nothing in a manifest may switch a check off: all exceptions are in the one file.
  words.push('--disable-ignore-checks-annotations', '-');
  const input = manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
  const { stdout, stderr } = await run(kubeScore, words, { input });
  if (!stdout.startsWith('[')) throw new CommandError('kube-score score', stderr || stdout);
  const scored = JSON.parse(stdout) as ScoredObject[];
  const found = scored.flatMap(({ type_meta, object_meta, checks }) =>
    checks
      .filter(({ grade, skipped }) => grade < 10 && !skipped)
      .map(({ check, comments }): [string, string] => [
        `${check.id}: ${type_meta.kind} ${object_meta.name}`,
        (comments ?? []).map(({ path, summary }) => `${path} ${summary}`).join('; '),
      ]),
  );
  return new Map(found);
}

describe.each(valuesToRender)('kube-score, of what is made %s,', (values) => {
  let findings: ReadonlyMap<string, string>;
  let expected: string[];
  beforeAll(async () => {
    findings = await findingsIn(await chart.render(values === 'by default' ? [] : await everythingOn()));
    const here = exceptions.filter(({ when = values }) => when === values);
    expected = here.flatMap(({ check, objects }) => objects.map((object) => `${check}: ${object}`));
  });

  test('finds nothing but the exceptions that are reasoned', () => {
    const others = [...findings].filter(([finding]) => !expected.includes(finding));
    expect(others.map(([finding, said]) => `${finding}: ${said}`)).toEqual([]);
  });

  test('finds each exception: none is left that nothing needs', () => {
    expect(expected.filter((each) => !findings.has(each))).toEqual([]);
  });
});

test('kube-score finds a container that may write to its root', async () => {
  const text = JSON.stringify(await chart.render());
  const weakened = text.replaceAll('"readOnlyRootFilesystem":true', '"readOnlyRootFilesystem":false');
  const findings = await findingsIn(JSON.parse(weakened) as Manifest[]);
  expect([...findings.keys()]).toContain(
    'container-security-context-readonlyrootfilesystem: Deployment berth-operator',
  );
});
