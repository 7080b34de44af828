import { only, openHelmChart } from '../integration/helm-chart.ts';

/** A file of rules, as Prometheus reads it. */
export interface RuleFile {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly { readonly alert?: string; readonly record?: string; readonly for?: string }[];
  }[];
}

/**
 * The rules as the chart installs them.
 * @param runbookUrl where somebody has put the runbooks
 */
export async function shippedRules(runbookUrl: string): Promise<RuleFile> {
  const chart = await openHelmChart();
  const values = ['monitoring.prometheusRule.enabled=true', `monitoring.runbookUrl=${JSON.stringify(runbookUrl)}`];
  return only(await chart.render(values), 'PrometheusRule').spec as unknown as RuleFile;
}

/**
 * The same rules, but that an alert which has to hold for some time has to hold for so many seconds. Nothing else is changed:
 * what is asked, and the thresholds in it, are those that are shipped. promtool's tests hold the real times.
 */
export function withShortWaits({ groups }: RuleFile, seconds: number): RuleFile {
  const shortened = (rule: RuleFile['groups'][number]['rules'][number]) =>
    rule.for === undefined ? rule : { ...rule, for: `${seconds}s` };
  return { groups: groups.map((group) => ({ ...group, rules: group.rules.map(shortened) })) };
}
