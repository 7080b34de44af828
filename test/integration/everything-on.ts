import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { chartDir } from './helm-chart.ts';

/** What is empty by default and makes more of the manifests when it is not, with as many of the fields as it can have. */
const filled: Readonly<Record<string, unknown>> = {
  replicas: 2,
  imagePullSecrets: [{ name: 'mirror' }],
  podLabels: { team: 'harbour' },
  podAnnotations: { team: 'harbour' },
  nodeSelector: { disk: 'fast' },
  tolerations: [{ key: 'berth', operator: 'Equal', value: 'yes', effect: 'NoExecute', tolerationSeconds: 60 }],
  'networkPolicy.sinks.cidrs': ['10.9.0.0/16'],
  'networkPolicy.session.namespaces': ['berth-system', 'shop'],
  'networkPolicy.session.extraEgress': [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 3128 }] }],
  'monitoring.serviceMonitor.labels': { release: 'prometheus' },
  'monitoring.prometheusRule.labels': { release: 'prometheus' },
  'session.env': { LOG_LEVEL: 'debug' },
  'session.allowedPriorityClasses': ['gold'],
  'session.allowedRuntimeClasses': ['gvisor'],
  'sessionEnd.sinks': [{ url: 'https://a.example/in', secretRef: { name: 'audit', key: 'secret' } }],
  'tls.certManager.issuerRef.name': 'berth',
  'networkPolicy.sinks.peers': [{ namespaceSelector: { matchLabels: { receives: 'ends' } } }],
  'outbound.allow': ['10.0.0.0/8', 'fd00::/8'],
};

/**
 * Values with which the chart makes all that it can make, each as `path=json`: every switch that is off by default is on,
 * also one that comes later.
 */
export async function everythingOn(): Promise<string[]> {
  const values = parse(await readFile(join(chartDir, 'values.yaml'), 'utf8')) as object;
  const set = { ...Object.fromEntries(switchesOff(values).map((path) => [path, true])), ...filled };
  return Object.entries(set).map(([path, value]) => `${path}=${JSON.stringify(value)}`);
}

/** Paths of all values that are false. */
function switchesOff(values: object, path: readonly string[] = []): string[] {
  return Object.entries(values).flatMap(([key, value]: [string, unknown]) => {
    const here = [...path, key];
    if (value === false) return [here.join('.')];
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? switchesOff(value, here) : [];
  });
}
