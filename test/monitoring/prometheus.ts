import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDebianProgram } from '../cluster/debian-program.ts';
import { type ServedProgram, serveProgram } from './served-program.ts';
import type { RuleFile } from './shipped-rules.ts';

export interface PrometheusOptions {
  readonly rules: RuleFile;
  /** Seconds between two scrapes, and between two looks at the rules. */
  readonly everySeconds: number;
  readonly alertmanagerUrl: string;
  /** Where it learns of the cluster's pods. */
  readonly podsUrl: string;
}

export type Labels = Readonly<Record<string, string>>;

/** An alert as Prometheus tells it. */
export interface PrometheusAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: 'pending' | 'firing';
  /** RFC 3339: when its expression became true. */
  readonly activeAt: string;
}

/** A rule as Prometheus tells it. */
export interface EvaluatedRule {
  readonly name: string;
  readonly type: 'alerting' | 'recording';
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

export interface Prometheus extends Pick<ServedProgram, 'log' | 'stop'> {
  alerts(): Promise<PrometheusAlert[]>;
  rules(): Promise<EvaluatedRule[]>;
  /**
   * The series that an expression gives now, with their values.
   * @throws {Error} Prometheus refuses the expression, or fails at it
   */
  query(expression: string): Promise<{ readonly labels: Labels; readonly value: number }[]>;
}

/**
 * Pods with the annotations prometheus.io/scrape, port and path, as many a Prometheus looks for them. The labels of the metrics
 * stay: `namespace` of a session's series is that of the session.
 */
const scrapeAnnotatedPods = (podsUrl: string) => ({
  job_name: 'annotated-pods',
  honor_labels: true,
  // Elsewhere: kubernetes_sd_configs: [{ role: pod }]
  http_sd_configs: [{ url: podsUrl, refresh_interval: '5s' }],
  relabel_configs: [
    { source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_scrape'], action: 'keep', regex: 'true' },
    // A pod that is over keeps its annotations for a while.
    { source_labels: ['__meta_kubernetes_pod_phase'], action: 'keep', regex: 'Running' },
    {
      source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_path'],
      target_label: '__metrics_path__',
      regex: '(.+)',
    },
    {
      source_labels: ['__meta_kubernetes_pod_ip', '__meta_kubernetes_pod_annotation_prometheus_io_port'],
      target_label: '__address__',
      separator: ':',
    },
    { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
    { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
  ],
});

/**
 * Starts a Prometheus on loopback that finds the operators of the cluster by their annotations, and tells the Alertmanager.
 * @throws {PrerequisiteMissingError} there is no Prometheus
 */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const isFor = 'prove the alerts on the cluster';
  const program = await ensureDebianProgram({ name: 'prometheus', debianPackage: 'prometheus', isFor });
  const served = await serveProgram({
    name: 'prometheus',
    program,
    readyPath: '/-/ready',
    prepare: async (dir, port) => {
      await writeFile(join(dir, 'rules.yaml'), JSON.stringify(options.rules));
      await writeFile(join(dir, 'prometheus.yaml'), JSON.stringify(configuration(options)));
      return [
        '--config.file=prometheus.yaml',
        '--storage.tsdb.path=data',
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ];
    },
  });
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${served.baseUrl}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`Cannot ask Prometheus for "${path}": ${answer.error}`);
    return answer.data;
  };
  return {
    log: served.log,
    stop: served.stop,
    alerts: async () => (await ask<{ alerts: PrometheusAlert[] }>('alerts')).alerts,
    rules: async () => {
      const { groups } = await ask<{ groups: { rules: EvaluatedRule[] }[] }>('rules');
      return groups.flatMap((group) => group.rules);
    },
    query: async (expression) => {
      const { result } = await ask<{ result: { metric: Labels; value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expression)}`,
      );
      return result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
    },
  };
}

const configuration = ({ everySeconds, alertmanagerUrl, podsUrl }: PrometheusOptions) => ({
  global: {
    scrape_interval: `${everySeconds}s`,
    scrape_timeout: `${everySeconds}s`,
    evaluation_interval: `${everySeconds}s`,
  },
  rule_files: ['rules.yaml'],
  scrape_configs: [scrapeAnnotatedPods(podsUrl)],
  alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanagerUrl).host] }] }] },
});
