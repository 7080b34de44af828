import { plan } from '@berth/operator/plan/plan.ts';
import { isBeingRenewed, templateHash } from '@berth/operator/plan/rollout.ts';
import { specHash } from '@berth/operator/plan/spec-hash.ts';
import type { WhatsAppSessionSpec } from '@berth/operator/resource/whatsapp-session.ts';
import { describe, expect, test } from 'vitest';
import {
  anObserved,
  aPod,
  aReport,
  aRunningSession,
  aSession,
  aSessionEnd,
  at,
  planConfig,
} from '../../../builders/observed.ts';

const plain: WhatsAppSessionSpec = { engine: 'Baileys' };
const paced: WhatsAppSessionSpec = { ...plain, rollout: 'Paced' };

describe('plan() on a running pod', () => {
  const current = { specHash: specHash(plain), templateHash: templateHash(plain, planConfig) };
  test.each([
    { name: 'that is current: nothing', spec: paced, pod: current, reason: 'Settled' },
    { name: 'of another image, OnNextStart: nothing', spec: plain, pod: { templateHash: 'old' }, reason: 'Settled' },
    { name: 'of another image, Paced: a turn', spec: paced, pod: { templateHash: 'old' }, turn: 'rollout' },
    {
      name: 'of another image, Paced, too many away: nothing',
      spec: paced,
      pod: { templateHash: 'old' },
      waits: true,
      reason: 'Settled',
    },
    { name: 'that does not tell its image: nothing', spec: paced, pod: {}, reason: 'Settled' },
    { name: 'whose own settings changed: at once', spec: plain, pod: { ...current, specHash: 'old' } },
    {
      name: 'whose own settings changed, Paced: at once',
      spec: paced,
      pod: { ...current, specHash: 'old' },
      waits: true,
    },
  ] as const)('$name', ({ spec, pod, ...rest }) => {
    const { reason = 'Ending', turn, waits = false }: { reason?: string; turn?: string; waits?: boolean } = rest;
    const observed = anObserved({ session: aRunningSession({ spec }), pod: aPod(pod), waitsForTurn: waits });
    const decision = plan(observed);
    const marked = decision.actions.map((action) => action.type === 'MarkEnding' && action.reason);
    expect([decision.reason, decision.turn, marked]).toEqual([
      reason,
      turn,
      reason === 'Ending' ? ['spec_changed'] : [],
    ]);
  });
});

describe('templateHash()', () => {
  const hash = templateHash(plain, planConfig);
  const { images, resources } = planConfig;
  const more = { limits: { memory: '1Gi' } };
  test.each([
    { name: 'the image', config: { images: { ...images, Baileys: 'berth.dev/baileys:next' } }, differs: true },
    { name: "another engine's image", config: { images: { ...images, WhatsAppWebJS: 'web:next' } }, differs: false },
    { name: 'the browser', config: { browser: { ...planConfig.browser, sandbox: true } }, differs: false },
    { name: 'the environment', config: { sessionEnv: { TZ: 'UTC' } }, differs: true },
    { name: "the operator's address", config: { operatorUrl: 'https://elsewhere:8443' }, differs: true },
    { name: 'default resources', config: { resources: { ...resources, Baileys: more } }, differs: true },
    { name: 'the pull policy', config: { imagePullPolicy: 'Always' as const }, differs: false },
    { name: 'the drain', config: { drainMs: 1 }, differs: false },
  ])('differs with $name: $differs', ({ config, differs }) => {
    expect(templateHash(plain, { ...planConfig, ...config }) !== hash).toBe(differs);
  });

  test('does not differ with default resources that the session does not use', () => {
    const spec = { ...plain, pod: { resources: { limits: { memory: '512Mi' } } } };
    const config = { ...planConfig, resources: { ...resources, Baileys: more } };
    expect(templateHash(spec, config)).toBe(templateHash(spec, planConfig));
  });

  test.each(['sandbox', 'shmSize', 'seccompProfile', 'locale', 'userAgent'] as const)(
    "differs with the browser's %s where there is one",
    (name) => {
      const spec: WhatsAppSessionSpec = { engine: 'WhatsAppWebJS' };
      const browser = { ...planConfig.browser, [name]: name === 'sandbox' ? true : 'another' };
      expect(templateHash(spec, { ...planConfig, browser })).not.toBe(templateHash(spec, planConfig));
    },
  );
});

describe('isBeingRenewed()', () => {
  const specChanged = aSessionEnd({ reason: 'spec_changed', runNumber: 1, readyAt: at(-50) });
  const run2 = { uid: 'run-2', number: 2, startedAt: at(-5) };
  const ready2 = aReport({ runUid: 'run-2' });
  const { readyAt: _, ...notReady2 } = ready2;
  const crashed2 = aSessionEnd({ uid: 'end-2', runUid: 'run-2', reason: 'crashed', runNumber: 2 });
  const ending = { reason: 'spec_changed', since: at(-1) } as const;
  const stuck = { reason: 'stuck', since: at(-1) } as const;
  test.each([
    { name: 'never renewed', session: aRunningSession(), ends: [], is: false },
    { name: 'its run is being ended', session: aRunningSession({}, ending), ends: [], is: true },
    { name: 'its run is over, the next not made', session: aSession(), ends: [specChanged], is: true },
    {
      name: 'the next run has not told yet',
      session: aSession({ status: { run: run2, report: aReport() } }),
      ends: [specChanged],
      is: true,
    },
    {
      name: 'the next run shows a QR code',
      session: aSession({ status: { run: run2, report: { ...notReady2, state: 'waiting_for_pairing' } } }),
      ends: [specChanged],
      is: true,
    },
    {
      name: 'the next run is ready',
      session: aSession({ status: { run: run2, report: ready2 } }),
      ends: [specChanged],
      is: false,
    },
    {
      name: 'the next run was ready and lost its connection',
      session: aSession({ status: { run: run2, report: { ...ready2, state: 'reconnecting' } } }),
      ends: [specChanged],
      is: false,
    },
    { name: 'the next run crashed before it was ready', session: aSession(), ends: [specChanged, crashed2], is: true },
    {
      name: 'the next run is ended as stuck',
      session: aSession({ status: { run: { ...run2, ending: stuck } } }),
      ends: [specChanged],
      is: true,
    },
    {
      name: 'the next run was ready, and crashed',
      session: aSession(),
      ends: [specChanged, { ...crashed2, readyAt: at(-2) }],
      is: false,
    },
    {
      name: 'it was not ready before either',
      session: aSession(),
      ends: [aSessionEnd({ reason: 'spec_changed' })],
      is: false,
    },
    {
      name: 'the next run made way for yet another image before it was ready',
      session: aSession(),
      ends: [specChanged, { ...crashed2, reason: 'spec_changed' as const }],
      is: true,
    },
    {
      name: 'somebody restarted it',
      session: aSession(),
      ends: [specChanged, { ...crashed2, reason: 'restarted' as const }],
      is: false,
    },
    {
      name: 'somebody stopped it',
      session: aSession({ spec: { ...paced, desiredState: 'Stopped' } }),
      ends: [specChanged],
      is: false,
    },
    { name: 'it is deleted', session: aSession({ deletionRequested: true }), ends: [specChanged], is: false },
    {
      name: 'the end is of a session of the same name before it',
      session: aSession({ uid: 'session-2' }),
      ends: [specChanged],
      is: false,
    },
  ])('$name: $is', ({ session, ends, is }) => {
    expect(isBeingRenewed(session, ends)).toBe(is);
  });
});
