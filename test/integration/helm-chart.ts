import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ensureBinaries } from '../cluster/binaries.ts';
import { type CommandResult, mustRun, run } from '../cluster/command.ts';
import { projectDir } from '../cluster/paths.ts';

export const chartDir = join(projectDir, 'charts', 'berth');
/** A helm that was built from its module knows no Kubernetes version of its own. */
const kubeVersion = '--kube-version=1.34.0';

/** An object of the chart: of each kind what the tests read. Reading what the kind has not is undefined. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  rules?: { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[];
  spec: {
    replicas?: number;
    selector?: object;
    ports?: object[];
    group?: string;
    versions?: { name: string }[];
    template: {
      metadata: { labels: object; annotations: object };
      spec: {
        containers: [{ image: string; imagePullPolicy: string; env: object[]; resources: { requests: object } }];
        serviceAccountName: string;
        restartPolicy?: string;
        imagePullSecrets?: object[];
      };
    };
  };
}

export interface HelmChart {
  /** Renders the release `berth` in `berth-system` with the values, each as `path=json`. */
  render(values?: readonly string[], options?: { release?: string; chart?: string }): Promise<Manifest[]>;
  /** Renders it with values that are wrong. */
  tryRender(values: readonly string[]): Promise<CommandResult>;
  helm(...words: string[]): Promise<string>;
}

/** The chart as helm sees it. */
export async function openHelmChart(): Promise<HelmChart> {
  const { helm } = await ensureBinaries(['helm']);
  const template = (values: readonly string[], { release = 'berth', chart = chartDir } = {}) => [
    'template',
    release,
    chart,
    '--namespace=berth-system',
    kubeVersion,
    ...values.map((value) => `--set-json=${value}`),
  ];
  return {
    render: async (values = [], options = {}) => manifestsIn(await mustRun(helm, template(values, options))),
    tryRender: (values) => run(helm, template(values)),
    helm: (...words) => mustRun(helm, words),
  };
}

export function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) =>
    document.contents === null ? [] : [document.toJS() as Manifest],
  );
}

/** @throws {RangeError} there is not exactly one of the kind and name */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw new RangeError(`Cannot tell the ${kind}: there are ${found.length}`);
  return first;
}
