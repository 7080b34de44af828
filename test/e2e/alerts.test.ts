import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasKind } from '../cluster/kind.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { type ClusterWorld, isTrue } from '../deployment/cluster-world.ts';
import { operator } from '../deployment/install-berth.ts';
import { freeze, signal } from '../deployment/wedge.ts';
import { type AlertReceiver, type ReceivedAlert, startAlertReceiver } from '../monitoring/alert-receiver.ts';
import { startAlertmanager } from '../monitoring/alertmanager.ts';
import { dashboardQueries } from '../monitoring/dashboard-queries.ts';
import { type DiscoverablePod, startPodDiscovery } from '../monitoring/pod-discovery.ts';
import { type Prometheus, type PrometheusAlert, startPrometheus } from '../monitoring/prometheus.ts';
import { shippedRules, withShortWaits } from '../monitoring/shipped-rules.ts';
import { oneWorld } from './a-world.ts';

/**
 * How long everything takes. To have it as it is in production, for the figures in the runbooks, run this file with
 * BERTH_ALERT_TIMES=shipped, which takes 4 minutes: nothing of the rules is changed then.
 */
const times =
  process.env['BERTH_ALERT_TIMES'] === 'shipped'
    ? { everySeconds: 30, groupSeconds: 30, forSeconds: undefined, recovery: {}, patienceMs: 240_000 }
    : { everySeconds: 1, groupSeconds: 1, forSeconds: 3, recovery: { unresponsiveSeconds: 3 }, patienceMs: 60_000 };
const runbookUrl = 'https://wiki.example/berth';

/** Only the network of the bare cluster leads from this machine to pods, as that of a Prometheus in the cluster does. */
const canReachPods = !(await hasKind());

let world: () => ClusterWorld;
let receiver: AlertReceiver;
let prometheus: Prometheus;
const ends: (() => Promise<void>)[] = [];

/** Waits for something that the parts behind the operator tell, and says of a failure what Prometheus logged. */
function until<T>(what: string, look: () => Promise<{ readonly value: T } | { readonly seen: string }>): Promise<T> {
  return waitUntil(what, times.patienceMs, async () => {
    const answer = await look();
    return 'value' in answer
      ? answer
      : { seen: `${answer.seen}; Prometheus logged: ${prometheus.log().slice(-1_000)}` };
  });
}

/** Waits until one alert of this name on the session is in this state. */
function untilAlert(session: string, alertname: string, state: PrometheusAlert['state']): Promise<PrometheusAlert> {
  return until(`${state} alert ${alertname} on "${session}"`, async () => {
    const alerts = (await prometheus.alerts()).filter(isOf(session));
    const [found, ...others] = alerts.filter(({ labels }) => labels['alertname'] === alertname);
    return found?.state === state && others.length === 0 ? { value: found } : { seen: JSON.stringify(alerts) };
  });
}

/** Waits until Alertmanager has told that an alert on the session fires, or is over. */
function untilReceived(session: string, status: ReceivedAlert['status']): Promise<ReceivedAlert> {
  return until(`"${status}" of "${session}" at the receiver`, async () => {
    const alerts = receiver.received().filter(isOf(session));
    const found = alerts.find((alert) => alert.status === status);
    return found === undefined ? { seen: JSON.stringify(alerts) } : { value: found };
  });
}

const isOf =
  (session: string) =>
  ({ labels }: Pick<PrometheusAlert, 'labels'>) =>
    labels['namespace'] === world().namespace && labels['session'] === session;

const seriesOf = (session: string) =>
  prometheus.query(`{__name__=~"berth_.+", namespace="${world().namespace}", session="${session}"}`);

/** Seconds since a time, for the figures. */
const since = (startMs: number) => `${((Date.now() - startMs) / 1_000).toFixed(1)} s`;

describe.runIf(canReachPods)('alerts', () => {
  world = oneWorld();
  beforeAll(async () => {
    receiver = await startAlertReceiver();
    ends.push(() => receiver.close());
    const alertmanager = await startAlertmanager({ webhookUrl: receiver.url, groupSeconds: times.groupSeconds });
    ends.push(alertmanager.stop);
    const pods = await startPodDiscovery(async () => {
      const path = `/api/v1/namespaces/${operator.namespace}/pods`;
      return (await world().client.request<{ items: DiscoverablePod[] }>({ method: 'GET', path })).items;
    });
    ends.push(() => pods.close());
    const rules = await shippedRules(runbookUrl);
    prometheus = await startPrometheus({
      rules: times.forSeconds === undefined ? rules : withShortWaits(rules, times.forSeconds),
      everySeconds: times.everySeconds,
      alertmanagerUrl: alertmanager.baseUrl,
      podsUrl: pods.url,
    });
    ends.push(prometheus.stop);
  }, 300_000);
  afterAll(async () => {
    await Promise.all(ends.map((end) => end())); // All of them are asked, whichever fails.
  });

  test('a wedged session is told by an alert that pends, fires and reaches a receiver, and is resolved when it recovers', {
    timeout: 3 * times.patienceMs,
  }, async () => {
    const { namespace } = world();
    // With the policy None nothing ends its run, so that it is stuck until it recovers by itself.
    await world().startPaired('alice', { recovery: { policy: 'None', ...times.recovery } });
    await until('series of a session in order', async () => {
      const series = await seriesOf('alice');
      const phases = series.map(({ labels }) => labels['phase']);
      return phases.includes('Ready') ? { value: undefined } : { seen: JSON.stringify(series) };
    });
    expect((await prometheus.alerts()).filter(isOf('alice'))).toEqual([]);

    const wedgedAtMs = Date.now();
    const took: string[] = [];
    await freeze(namespace, 'alice');
    await world().until(
      'alice',
      'that is stuck',
      ({ status }) => isTrue(status?.conditions, 'Stuck'),
      times.patienceMs,
    );
    took.push(`stuck after ${since(wedgedAtMs)}`);
    await untilAlert('alice', 'WhatsAppSessionStuck', 'pending');
    took.push(`pending after ${since(wedgedAtMs)}`);
    const alert = await untilAlert('alice', 'WhatsAppSessionStuck', 'firing');
    took.push(`firing after ${since(wedgedAtMs)}`);
    const received = await untilReceived('alice', 'firing');
    took.push(`received after ${((received.receivedAtMs - wedgedAtMs) / 1_000).toFixed(1)} s`);
    const labels = {
      alertname: 'WhatsAppSessionStuck',
      namespace,
      session: 'alice',
      reason: 'Unresponsive',
      severity: 'warning',
    };
    const annotations = {
      summary: 'A WhatsApp session makes no progress.',
      description: `Session ${namespace}/alice is stuck (Unresponsive). What was last heard of it, and what will be done: kubectl describe was alice -n ${namespace}`,
      runbook_url: `${runbookUrl}/WhatsAppSessionStuck.md`,
    };
    expect(alert).toMatchObject({ labels, annotations });
    expect(received).toMatchObject({ labels, annotations });
    const stuck = `namespace_reason:berth_sessions_stuck:count{namespace="${namespace}"}`;
    expect((await prometheus.query(stuck)).map(({ value }) => value)).toEqual([1]);

    const thawedAtMs = Date.now();
    await signal(namespace, 'alice', 'SIGCONT');
    await world().until(
      'alice',
      'that is ready',
      ({ status }) => isTrue(status?.conditions, 'Ready'),
      times.patienceMs,
    );
    took.push(`after the thaw: ready after ${since(thawedAtMs)}`);
    const { receivedAtMs } = await untilReceived('alice', 'resolved');
    took.push(`resolved after ${((receivedAtMs - thawedAtMs) / 1_000).toFixed(1)} s`);
    expect((await prometheus.alerts()).filter(isOf('alice'))).toEqual([]);
    expect(
      receiver
        .received()
        .filter(isOf('alice'))
        .map(({ status }) => status),
    ).toEqual(['firing', 'resolved']);
    console.log(`Alert WhatsAppSessionStuck: ${took.join(', ')}`);
  });

  test('every rule can be evaluated on what the operator serves, and so can every query of the dashboard', async () => {
    const rules = await until('evaluation of every rule', async () => {
      const all = await prometheus.rules();
      const waiting = all.filter(({ health }) => health === 'unknown').map(({ name }) => name);
      return all.length > 0 && waiting.length === 0 ? { value: all } : { seen: JSON.stringify(waiting) };
    });
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const { groups } = await shippedRules(runbookUrl);
    expect(new Set(rules.map(({ name }) => name))).toEqual(
      new Set(groups.flatMap((group) => group.rules.map(({ alert, record }) => alert ?? record))),
    );
    for (const query of await dashboardQueries()) await prometheus.query(query); // Which throws what Prometheus says.
    expect(await prometheus.query('max by (namespace) (leader_election_master_status)')).toEqual([
      { labels: { namespace: 'berth-system' }, value: 1 },
    ]);
  });

  test('the series of a session that is deleted are gone with the next scrape', async () => {
    expect(await seriesOf('alice')).not.toEqual([]);
    await world().remove('alice');
    await world().untilGone('alice');
    const goneAtMs = Date.now();
    await until('Prometheus without series of a deleted session', async () => {
      const series = await seriesOf('alice');
      return series.length === 0 ? { value: undefined } : { seen: JSON.stringify(series) };
    });
    console.log(`Series of a deleted session: gone ${since(goneAtMs)} after it, scraped every ${times.everySeconds} s`);
  });
});
