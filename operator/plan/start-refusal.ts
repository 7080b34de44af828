import { claimOf } from './claim-use.ts';
import type { Observed, ObservedSession, PlanConfig } from './observed.ts';

/** Why no run of a session may start until somebody changes something; it goes into the condition Ready. */
export interface StartRefusal {
  readonly reason: 'NotAllowed' | 'ClaimInUse';
  readonly message: string;
}

/** What a refusal is judged by, beside the session. A receiver of reports, which sees only sessions with a pod, has none of it. */
export type RefusalSight = Partial<Pick<Observed, 'config' | 'claimHolder'>>;

/** What forbids the next start: a class that the operator's configuration does not allow, or a claim that another session has. */
export function startRefusal(
  { config, claimHolder }: RefusalSight,
  session: ObservedSession,
): StartRefusal | undefined {
  const message = config && notAllowed(session, config);
  if (message !== undefined) return { reason: 'NotAllowed', message };
  if (claimHolder === undefined) return undefined;
  return {
    reason: 'ClaimInUse',
    message:
      `The claim "${claimOf(session)}" is used by the session "${claimHolder}", and two runs on one volume would destroy its ` +
      `credentials: delete "${claimHolder}", after which this one starts by itself, or create a session with another claim`,
  };
}

/** The first class that is named and not allowed, in a sentence. */
function notAllowed({ spec: { pod = {} } }: ObservedSession, config: PlanConfig): string | undefined {
  for (const [field, allowed, setting] of [
    ['priorityClassName', config.allowedPriorityClasses, 'session.allowedPriorityClasses'],
    ['runtimeClassName', config.allowedRuntimeClasses, 'session.allowedRuntimeClasses'],
  ] as const) {
    const value = pod[field];
    if (value === undefined || allowed.includes(value)) continue;
    return (
      `spec.pod.${field} "${value}" is not allowed; allowed is ${inWords(allowed)}: change it, ` +
      `or have whoever installs Berth add it to ${setting} in the values of its chart`
    );
  }
  return undefined;
}

const inWords = (allowed: readonly string[]) => (allowed.length === 0 ? 'none' : `"${allowed.join('", "')}"`);
