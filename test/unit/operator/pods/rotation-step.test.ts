import { expect, test } from 'vitest';
import { type RotationFacts, type RotationTiming, rotationStep } from '../../../../operator/pods/rotation-step.ts';

const dayMs = 24 * 3_600_000;
const bornMs = Date.parse('2026-01-01T00:00:00Z');
const at = (day: number) => bornMs + day * dayMs;
const timing: RotationTiming = { lifetimeMs: 3_652 * dayMs, renewBeforeMs: 365 * dayMs, publishMs: dayMs };

type Given = Omit<Partial<RotationFacts>, 'publishedAtMs'> & { readonly published?: number | 'never' };

/** A CA of ten years that every namespace has had from its first day on. */
function facts({ published = 0, ...others }: Given): RotationFacts {
  return {
    source: 'own',
    current: { isOwn: true, notBeforeMs: bornMs, notAfterMs: at(3_652) },
    isAsked: false,
    ...(published === 'never' ? {} : { publishedAtMs: at(published) }),
    ...others,
  };
}

type Row = readonly [string, number, Given, ReturnType<typeof rotationStep>];
const [own, given] = [{ isOwn: true }, { isOwn: false }];
const late = { type: 'Promote', isLate: true } as const;
const promote = { type: 'Promote', isLate: false } as const;
const waitUntil = (day: number) => ({ type: 'Wait', untilMs: at(day) }) as const;

test.each<Row>([
  ['publishes one that is new', 0, { published: 'never' }, { type: 'Publish' }],
  ['does nothing for nine years', 3_286, {}, { type: 'Settled' }],
  ['makes the next one a year before the end', 3_287, {}, { type: 'MakeNext' }],
  ['makes it when somebody asks', 1, { isAsked: true }, { type: 'MakeNext' }],
  ['publishes it before anything else', 3_287, { next: own, published: 'never' }, { type: 'Publish' }],
  ['waits until pods have read it', 3_287.9, { next: own, published: 3_287 }, waitUntil(3_288)],
  ['then uses it', 3_288, { next: own, published: 3_287 }, promote],
  ['publishes anew what a clock ahead has noted', 1, { next: own, published: 2 }, { type: 'Publish' }],
  ['lets who asks meanwhile wait', 1, { next: own, isAsked: true, published: 0.5 }, waitUntil(1.5)],
  ['trusts the one before for a while', 1, { former: { untilMs: at(2) } }, waitUntil(2)],
  ['and then no more', 2, { former: { untilMs: at(2) } }, { type: 'DropFormer' }],
  ['uses the next one in its last twentieth, published or not', 3_470, { next: own, published: 'never' }, late],
  ['makes one after an absence until its end', 4_000, {}, { type: 'MakeNext' }],
  ['and uses that at once', 4_000, { next: own, published: 'never' }, late],
  [
    'replaces a certificate that it was given',
    1,
    { current: { ...facts({}).current, ...given } },
    { type: 'MakeNext' },
  ],
  ['and one that waits to be used', 1, { next: given }, { type: 'MakeNext' }],
])('rotationStep() for a CA of our own %s', (_name, day, situation, step) => {
  expect(rotationStep(facts(situation), timing, at(day))).toEqual(step);
});

/** A certificate of 90 days. */
const current = { isOwn: false, notBeforeMs: bornMs, notAfterMs: at(90) };

test.each<Row>([
  ['does nothing while it is in use', 30, { given: 'in-use' }, { type: 'Settled' }],
  ['does nothing without one', 80, {}, { type: 'Settled' }],
  ['does not answer who asks for another CA', 1, { given: 'in-use', isAsked: true }, { type: 'Settled' }],
  ['uses a renewed one of the same CA at once', 60, { given: 'of-the-same-ca' }, { type: 'Adopt' }],
  ['lets one of another CA wait', 60, { given: 'of-another-ca' }, { type: 'TakeNext' }],
  ['publishes that CA', 60, { given: 'waiting', next: given, published: 'never' }, { type: 'Publish' }],
  ['waits until pods have read it', 60.5, { given: 'waiting', next: given, published: 60 }, waitUntil(61)],
  ['then uses it', 61, { given: 'waiting', next: given, published: 60 }, promote],
  ['uses it in the last twentieth, published or not', 86, { given: 'waiting', next: given, published: 'never' }, late],
  [
    'takes yet another one in its place',
    60.5,
    { given: 'of-another-ca', next: given, published: 60 },
    { type: 'TakeNext' },
  ],
  ['goes back to the one in use when that is given again', 60, { given: 'in-use', next: given }, { type: 'Adopt' }],
  ['trusts the CA before for a while', 61, { given: 'in-use', former: { untilMs: at(62) } }, waitUntil(62)],
  ['and then no more', 62, { given: 'in-use', former: { untilMs: at(62) } }, { type: 'DropFormer' }],
])('rotationStep() for a certificate of another CA %s', (_name, day, situation, step) => {
  expect(rotationStep(facts({ source: 'given', current, ...situation }), timing, at(day))).toEqual(step);
});

test('rotationStep() changes over from a CA of our own to a certificate that is given, in the same steps', () => {
  const change: Row[] = [
    ['', 1, { given: 'of-another-ca' }, { type: 'TakeNext' }],
    ['', 1, { given: 'waiting', next: given, published: 'never' }, { type: 'Publish' }],
    ['', 2, { given: 'waiting', next: given, published: 1 }, promote],
  ];
  for (const [, day, situation, step] of change)
    expect(rotationStep(facts({ source: 'given', ...situation }), timing, at(day))).toEqual(step);
});
