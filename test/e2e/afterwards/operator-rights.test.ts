import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { clusterDir, projectDir } from '../../cluster/paths.ts';
import { openHelmChart } from '../../integration/helm-chart.ts';
import { actInWords, grantedRights } from '../../rights/granted-rights.ts';
import { judgeRights, type RightsVerdict } from '../../rights/judge-rights.ts';
import { readOperatorCalls } from '../../rights/operator-calls.ts';
import { rarelyUsed } from '../../rights/rarely-used.ts';

const logDir = join(clusterDir, 'log');
// kind is started without an audit policy: its API server writes no log, and so there is nothing to judge there.
const isAudited = existsSync(join(logDir, 'audit.log'));
/** Only who has run all of the tests can tell what none of them needs. */
const isWhole = process.env['BERTH_E2E_IS_WHOLE'] === 'true';

/** The values with which tests install the chart, as `path=json`, of those by which its rights differ. */
const installs: readonly (readonly string[])[] = [[], ['watchNamespaces=["team"]']];

let granted: ReturnType<typeof grantedRights>;
let verdict: RightsVerdict;
let logBeginsMs: number;
const startedAtMs = Date.parse(inject('startedAt'));
/** What to do about findings stands once, behind them. */
const withAdvice = (found: readonly string[], advice: string) => (found.length === 0 ? [] : [...found, advice]);

beforeAll(async () => {
  const chart = await openHelmChart();
  granted = grantedRights((await Promise.all(installs.map((values) => chart.render(values)))).flat());
  if (!isAudited) return;
  const calls = await readOperatorCalls(logDir, startedAtMs);
  ({ logBeginsMs } = calls);
  verdict = judgeRights(calls, granted, rarelyUsed);
  const lines = [...verdict.uses].map(([right, times]) => `${String(times).padStart(8)}  ${right}`);
  console.log(
    `Calls of the operator since ${inject('startedAt')}, by the right that allowed them:\n${lines.join('\n')}`,
  );
});

test.runIf(isAudited)('the audit log reaches back to the beginning of this run, and operators are in it', () => {
  expect(logBeginsMs).toBeLessThanOrEqual(startedAtMs);
  expect([...verdict.uses.values()].some((times) => times > 0)).toBe(true);
});

test.runIf(isAudited)('the operator called nothing that the chart does not grant', () => {
  const advice = 'grant it in charts/berth/templates and operator-rights.ts, or call it no more';
  expect(withAdvice(verdict.missing, advice)).toEqual([]);
});

test.runIf(isAudited)('the operator was refused nothing that the chart grants, but in a namespace that goes', () => {
  expect(verdict.refused).toEqual([]);
});

test.runIf(isAudited && isWhole)(
  'the chart grants nothing that no test has used, but for rare events that are named',
  () => {
    const advice =
      'remove it from charts/berth/templates and operator-rights.ts, or name in test/rights/rarely-used.ts what needs it; ' +
      'if tests before this one have failed, mend those first';
    expect(withAdvice(verdict.unused, advice)).toEqual([]);
  },
);

test('each right that only rare events use is one that the chart grants, and used by a test that there is', () => {
  const all = granted.map(actInWords);
  expect(rarelyUsed.map(({ right }) => actInWords(right)).filter((right) => !all.includes(right))).toEqual([]);
  expect(rarelyUsed.filter(({ shownBy }) => !existsSync(join(projectDir, shownBy)))).toEqual([]);
});
