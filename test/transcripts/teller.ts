import type { Plan } from '@berth/operator/plan/action.ts';
import type { Observed, ObservedSession } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import { symptomOf } from '@berth/operator/plan/symptom.ts';
import { anObserved, aSession, nowMs } from '../builders/observed.ts';
import { inWords } from './action-words.ts';
import { afterAction, type Cluster } from './cluster.ts';

/** What an observation makes of the cluster. */
export type Change = (cluster: Cluster) => Cluster;

/** Tells one story of a session as `plan()` sees it. */
export interface Teller {
  /** At so many seconds from the beginning this is observed; what is planned for it is carried out, and told. */
  see(seconds: number, what: string, change?: Change): void;
  /** The cluster as it is now. */
  readonly cluster: Cluster;
  /** The transcript. */
  readonly text: string;
}

/** Rounds of look, plan and act after one observation: an end takes five. */
const roundsAtMost = 12;

/** @param spec of the session, which begins to exist at the first observation */
export function createTeller(title: string, intro: string, spec: Partial<ObservedSession['spec']> = {}): Teller {
  const lines = [`# ${title}`, '', intro, '', '```text'];
  const session = aSession({
    hasFinalizer: false,
    createdAtMs: nowMs,
    spec: {
      engine: 'Baileys',
      recovery: { backoff: { baseSeconds: 1, maxSeconds: 1 } },
      webhooks: [{ url: 'https://crm.example.com/ends', events: ['session_end'] }],
      ...spec,
    },
  });
  let cluster: Cluster = { observed: anObserved({ session }), ends: new Map(), runs: 0, sinksAnswer: true };
  let symptom: { key: string; sinceMs: number } | undefined;

  /** As observe/observe.ts: the record of the run at hand, and since when it is in the middle of something. */
  function look(): Observed {
    const { sessionEnd: _, symptomSinceMs: __, ...rest } = cluster.observed;
    const sessionEnd = cluster.ends.get(rest.pod?.uid ?? rest.session?.status.run?.uid ?? '');
    const key = symptomOf(rest)?.key;
    if (key === undefined) symptom = undefined;
    else if (symptom?.key !== key) symptom = { key, sinceMs: rest.nowMs };
    return {
      ...rest,
      ...(sessionEnd === undefined ? {} : { sessionEnd }),
      ...(symptom === undefined ? {} : { symptomSinceMs: symptom.sinceMs }),
    };
  }

  /** As act/reconcile.ts: plan, perform, publish. Says whether anything has changed. */
  function round(): { decision: Plan; changed: boolean } {
    const observed = look();
    const before = JSON.stringify(observed.session);
    const decision = plan(observed);
    for (const action of decision.actions) cluster = afterAction(cluster, action, observed);
    const seen = look();
    if (seen.session !== undefined) {
      const status = sessionStatus(seen, seen.session);
      cluster = { ...cluster, observed: { ...cluster.observed, session: { ...seen.session, status } } };
    }
    const after = JSON.stringify(cluster.observed.session);
    return { decision, changed: decision.actions.length > 0 || before !== after };
  }

  return {
    see(seconds, what, change = (it) => it) {
      cluster = change({ ...cluster, observed: { ...cluster.observed, nowMs: nowMs + seconds * 1_000 } });
      lines.push('', `${String(seconds).padStart(3)} s  ${what}`);
      let told = '';
      for (let rounds = 0; rounds < roundsAtMost; rounds++) {
        const { decision, changed } = round();
        const line = `       → ${decision.reason.padEnd(20)} ${inWords(decision)}`.trimEnd();
        if (line !== told) lines.push(line);
        told = line;
        if (!changed) break;
      }
      const { session: now } = cluster.observed;
      if (now !== undefined) lines.push(`       = ${statusInWords(now)}`);
    },
    get cluster() {
      return cluster;
    },
    get text() {
      return `${[...lines, '```'].join('\n')}\n`;
    },
  };
}

/** Phase and conditions, and what the recovery has used up. */
function statusInWords({ status }: ObservedSession): string {
  const verdict = (type: string) => {
    const condition = status.conditions?.find((each) => each.type === type);
    return condition === undefined ? [] : [`${type} ${condition.status} (${condition.reason})`];
  };
  const { restarts = 0 } = status.recovery ?? {};
  return [
    status.phase ?? 'no phase',
    ...verdict('Ready'),
    ...verdict('Stuck'),
    ...(restarts > 0 ? [`restarts ${restarts}`] : []),
  ].join(' · ');
}
