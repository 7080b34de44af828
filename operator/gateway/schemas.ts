import { endReasons } from '@berth/protocol';
import { z } from 'zod';
import { problemCodes } from './problem-error.ts';

/** A name as Kubernetes has them: RFC 1123, and of a pod, too, which has the session's name as its host name. */
const dnsLabel = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

export const namespaceParameters = z.strictObject({
  namespace: dnsLabel.meta({ description: 'The namespace of the session.', example: 'shop' }),
});
export const sessionParameters = namespaceParameters.extend({
  name: dnsLabel.meta({ description: 'The name of the session.', example: 'till-1' }),
});

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100).meta({ description: 'How many at most.' }),
  continue: z
    .string()
    .max(4_096)
    .optional()
    .meta({ description: '`continue` of the answer before, for what follows it.' }),
});

/** The longest that a call waits for its outcome, in seconds. */
const waitAtMost = 30;
export const waitQuery = z.strictObject({
  waitSeconds: z.coerce
    .number()
    .min(0)
    .max(waitAtMost)
    .default(10)
    .meta({ description: 'Seconds that the call waits for its outcome. What was asked for goes on all the same.' }),
});

export const noQuery = z.strictObject({});

/** An object of the API server, without what only its own machinery needs. */
const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  generation: z.number().int().optional(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const resource = (kind: string, what: string) =>
  z
    .looseObject({
      apiVersion: z.string(),
      kind: z.literal(kind),
      metadata,
      spec: z.looseObject({}),
      status: z.looseObject({}).optional(),
    })
    .meta({
      id: kind,
      description: `${what}, as \`kubectl get --output=json\` shows it: docs/reference has its fields.`,
    });
export const session = resource('WhatsAppSession', 'A session');
export const sessionEnd = resource('SessionEnd', 'The record of the end of a run');

const page = <Item extends z.ZodType>(item: Item, id: string) =>
  z
    .strictObject({
      items: z.array(item),
      continue: z.string().optional().meta({ description: 'For the next page. Absent on the last.' }),
    })
    .meta({ id });
export const sessionPage = page(session, 'SessionPage');
export const sessionEndPage = page(sessionEnd, 'SessionEndPage');

/** What a session is made of. The API server checks the spec, and refuses fields that it does not know. */
export const newSession = z
  .strictObject({
    name: dnsLabel,
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    spec: z.looseObject({ engine: z.enum(['Baileys', 'WhatsAppWebJS']) }),
  })
  .meta({ id: 'NewSession' });

const ended = z
  .strictObject({
    runUid: z.string(),
    reason: z.enum(endReasons),
    at: z.string(),
    terminationConfirmed: z.boolean(),
  })
  .meta({ id: 'RunEnd', description: 'The end of the run that the call was about.' });

/** What became of an action. */
export const outcome = <const Words extends readonly [string, ...string[]]>(id: string, words: Words) =>
  z
    .strictObject({
      outcome: z.enum(words),
      message: z.string().meta({ description: 'What is so, and what to do next, for a person.' }),
      end: ended.optional(),
      session: session.optional().meta({ description: 'As it was then. Absent once the session itself is gone.' }),
    })
    .meta({ id });

/** RFC 9457. */
export const problem = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(problemCodes as [string, ...string[]]),
    detail: z.string().meta({ description: 'What is so, and what to do next, for a person.' }),
  })
  .meta({ id: 'Problem' });

export const qrPayload = z
  .strictObject({
    qr: z.string().meta({ description: 'The text that the QR code encodes. It is as good as the code itself.' }),
  })
  .meta({ id: 'Qr' });
export const pairingCodePayload = z
  .strictObject({ pairingCode: z.string().meta({ description: 'Eight characters.' }) })
  .meta({ id: 'PairingCode' });
