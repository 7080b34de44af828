import type { Observed } from '@berth/operator/plan/observed.ts';
import { plan } from '@berth/operator/plan/plan.ts';
import { sessionStatus } from '@berth/operator/plan/session-status.ts';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { expect, test } from 'vitest';
import { anObserved, aPod, aRunningSession, aSession, planConfig } from '../../../builders/observed.ts';

const withPod = (pod: WhatsAppSessionSpec['pod'] = {}) => aSession({ spec: { engine: 'Baileys', pod } });
const told = (observed: Observed) => {
  const status = sessionStatus(observed, observed.session ?? aSession());
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return { phase: status.phase, reason: ready?.reason, message: ready?.message };
};
const allowing = (more: Partial<typeof planConfig>) => ({ ...planConfig, ...more });

test.each([
  {
    name: 'a priority class where none is allowed',
    given: { session: withPod({ priorityClassName: 'gold' }) },
    message:
      'spec.pod.priorityClassName "gold" is not allowed; allowed is none: change it, or have whoever installs Berth add it to session.allowedPriorityClasses in the values of its chart',
  },
  {
    name: 'a runtime class that is not among those allowed',
    given: {
      session: withPod({ runtimeClassName: 'kata' }),
      config: allowing({ allowedRuntimeClasses: ['gvisor', 'runc'], allowedPriorityClasses: ['kata'] }),
    },
    message:
      'spec.pod.runtimeClassName "kata" is not allowed; allowed is "gvisor", "runc": change it, or have whoever installs Berth add it to session.allowedRuntimeClasses in the values of its chart',
  },
])('plan() starts nothing with $name, and says who can change it', ({ given, message }) => {
  const observed = anObserved(given);
  expect(plan(observed)).toEqual({ reason: 'NotAllowed', actions: [] });
  expect(told(observed)).toEqual({ phase: 'Failed', reason: 'NotAllowed', message });
});

test('plan() starts a session whose classes are allowed, with them in its pod', () => {
  const observed = anObserved({
    session: withPod({ priorityClassName: 'gold', runtimeClassName: 'gvisor' }),
    config: allowing({ allowedPriorityClasses: ['silver', 'gold'], allowedRuntimeClasses: ['gvisor'] }),
  });
  const [create] = plan(observed).actions.flatMap((action) => (action.type === 'CreatePod' ? [action.pod] : []));
  expect(create?.spec).toMatchObject({ priorityClassName: 'gold', runtimeClassName: 'gvisor' });
});

test('plan() starts nothing on a claim that another session has, and says whose it is and what to do', () => {
  const session = aSession({ spec: { engine: 'Baileys', storage: { existingClaim: 'bob-data' } } });
  const observed = anObserved({ session, claimHolder: 'bob', claimIsShared: true });
  expect(plan(observed)).toEqual({ reason: 'ClaimInUse', actions: [] });
  expect(told(observed)).toEqual({
    phase: 'Failed',
    reason: 'ClaimInUse',
    message:
      'The claim "bob-data" is used by the session "bob", and two runs on one volume would destroy its credentials: delete "bob", after which this one starts by itself, or create a session with another claim',
  });
});

test.each(['Stopped', 'Killed'] as const)(
  'a session that shall be %s is that, whoever has its claim',
  (desiredState) => {
    const session = aSession({ spec: { engine: 'Baileys', desiredState } });
    expect(told(anObserved({ session, claimHolder: 'bob' }))).toMatchObject({ phase: 'Stopped', reason: desiredState });
  },
);

test('a run goes on when what it was started with is no longer allowed', () => {
  const session = aRunningSession({ spec: { engine: 'Baileys', pod: { runtimeClassName: 'kata' } } });
  const observed = anObserved({ session, pod: aPod() });
  expect(plan(observed).reason).toBe('Settled');
  expect(told(observed)).toMatchObject({ phase: 'Ready', reason: 'Ready' });
});
