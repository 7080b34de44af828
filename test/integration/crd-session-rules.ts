import { named } from './crd-session-example.ts';

/** What a pattern or rule lets pass, and what not. */
export interface RuleCase {
  readonly at: string;
  readonly constraint: string;
  readonly accepted: readonly unknown[];
  readonly refused: readonly unknown[];
  /** The rule looks at a change of this stored value. */
  readonly changes?: unknown;
}
const phoneNumber = '+5511999999999';
const storage = (more: object) => ({ size: '1Gi', accessMode: 'ReadWriteOnce', ...more });
/** What cannot be derived from the schema: patterns and rules. */
export const rules: readonly RuleCase[] = [
  {
    at: '',
    constraint: 'metadata.name must have at most 52 characters',
    accepted: [named('a'), named('a'.repeat(52))],
    refused: [named('a'.repeat(53))],
  },
  {
    at: '',
    constraint: 'metadata.name must be a DNS label (a-z, 0-9, -)',
    accepted: [named('0-a')],
    refused: [named('support.sales')],
  },
  {
    at: 'spec.storage.size',
    constraint: 'pattern',
    accepted: ['1Gi', '1.5Gi', '500M', 1_073_741_824],
    refused: ['lots', '0Gi', '-1Gi', '', '1GiB'],
  },
  {
    at: 'spec.storage.size',
    constraint: 'spec.storage.size cannot be changed, because the claim is made once',
    changes: '1Gi',
    accepted: ['1Gi', undefined], // Left out is 1Gi, the default.
    refused: ['2Gi', '500Mi'],
  },
  {
    at: 'spec.storage.accessMode',
    constraint: 'spec.storage.accessMode cannot be changed, because the claim is made once',
    changes: 'ReadWriteOnce',
    accepted: ['ReadWriteOnce', undefined],
    refused: ['ReadWriteOncePod'],
  },
  {
    at: 'spec.storage.storageClassName',
    constraint: 'spec.storage.storageClassName cannot be changed, because the claim is made once',
    changes: 'fast',
    accepted: ['fast'],
    refused: ['slow', ''],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.storageClassName cannot be added or taken away, because the claim is made once',
    changes: storage({ storageClassName: 'fast' }),
    accepted: [storage({ storageClassName: 'fast', retention: { whenDeleted: 'Retain' } })],
    refused: [storage({}), undefined],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.storageClassName cannot be added or taken away, because the claim is made once',
    changes: undefined, // All defaulted.
    accepted: [undefined, storage({}), storage({ retention: { whenDeleted: 'Retain' } })],
    refused: [storage({ storageClassName: '' })],
  },
  {
    at: 'spec.storage.existingClaim',
    constraint: 'pattern',
    accepted: ['alice-data', 'a.b', '0'],
    refused: ['', 'Alice', '-a', 'a_b', 'shop/alice-data'],
  },
  {
    at: 'spec.storage.existingClaim',
    constraint: 'spec.storage.existingClaim cannot be changed, because the credentials are in it',
    changes: 'alice-data',
    accepted: ['alice-data'],
    refused: ['bob-data'],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.existingClaim cannot be added or taken away, because the credentials stay where they are',
    changes: { existingClaim: 'alice-data' },
    accepted: [{ existingClaim: 'alice-data', retention: { whenDeleted: 'Retain' } }],
    refused: [storage({}), undefined],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.existingClaim cannot be added or taken away, because the credentials stay where they are',
    changes: undefined,
    accepted: [undefined, storage({})],
    refused: [storage({ existingClaim: 'alice-data' })],
  },
  {
    at: 'spec.storage',
    constraint: 'spec.storage.existingClaim brings its own size, class and access mode',
    accepted: [
      { existingClaim: 'alice-data' },
      storage({ existingClaim: 'alice-data' }), // As it is stored: the defaults are filled in.
      storage({ storageClassName: 'fast' }),
    ],
    refused: [
      { existingClaim: 'alice-data', storageClassName: 'fast' },
      { existingClaim: 'alice-data', size: '2Gi' },
      { existingClaim: 'alice-data', size: 1_073_741_824 },
      { existingClaim: 'alice-data', accessMode: 'ReadWriteOncePod' },
    ],
  },
  {
    at: 'spec.pairing',
    constraint: 'spec.pairing.method PairingCode needs spec.pairing.phoneNumber',
    accepted: [{ method: 'PairingCode', phoneNumber }, { method: 'QRCode' }, {}],
    refused: [{ method: 'PairingCode' }, { method: 'PairingCode', timeoutSeconds: 60 }],
  },
  {
    at: 'spec.pairing',
    constraint: 'spec.pairing.phoneNumber is for the method PairingCode',
    accepted: [{ method: 'PairingCode', phoneNumber }, { timeoutSeconds: 60 }],
    refused: [{ phoneNumber }, { method: 'QRCode', phoneNumber }],
  },
  {
    at: 'spec.pairing',
    constraint: 'spec.pairing.phoneNumber is for the method PairingCode',
    changes: { method: 'PairingCode', phoneNumber },
    accepted: [{ method: 'PairingCode', phoneNumber: '+4915112345678' }, { method: 'QRCode' }, undefined],
    refused: [{ method: 'QRCode', phoneNumber }],
  },
  {
    at: 'spec.pairing.phoneNumber',
    constraint: 'pattern',
    accepted: [phoneNumber, '+12345', '+123456789012345'],
    refused: ['5511999999999', '+0511999999999', '+1234', '+1234567890123456', '+55 11 99999-9999', '+', ''],
  },
  {
    at: 'spec.pod.labels',
    constraint: 'spec.pod.labels must not have keys of berth.dev or app.kubernetes.io, because pods are found by them',
    accepted: [{ team: 'sales' }, { 'example.com/team': 'sales' }, { 'berth.dev.example.com/team': 'sales' }, {}],
    refused: [{ 'berth.dev/session': 'bob' }, { team: 'sales', 'app.kubernetes.io/managed-by': 'helm' }],
  },
  {
    at: 'spec.pod.labels{}',
    constraint: 'pattern',
    accepted: ['sales', 'A_b-c.d', ''],
    refused: ['two words', '-a', 'a-'],
  },
  {
    at: 'spec.pod.annotations',
    constraint: 'spec.pod.annotations must not have keys of berth.dev or app.kubernetes.io, because Berth reads them',
    accepted: [{ 'sidecar.example/inject': 'true' }, { note: 'any text: {}' }, {}],
    refused: [{ 'berth.dev/session-uid': 'another' }, { 'app.kubernetes.io/name': 'a' }],
  },
  ...(['spec.webhooks[].secretRef', 'spec.proxy.secretRef'] as const).flatMap((at) => [
    {
      at: `${at}.name`,
      constraint: 'pattern',
      accepted: ['egress', 'a.b', '0'],
      refused: ['', 'Egress', '-a', 'a_b', 'shop/egress'],
    },
    {
      at: `${at}.key`,
      constraint: 'pattern',
      accepted: ['url', 'proxy.URL', '_a-b'],
      refused: ['', 'the url', 'a/b', 'ü'],
    },
  ]),
  ...(['priorityClassName', 'runtimeClassName'] as const).map((field) => ({
    at: `spec.pod.${field}`,
    constraint: 'pattern',
    accepted: ['gold', 'system-node-critical', 'a.b'],
    refused: ['', 'Gold', '-a', 'a b'],
  })),
  {
    at: 'spec.recovery.backoff',
    constraint: 'spec.recovery.backoff.baseSeconds must not be greater than maxSeconds',
    accepted: [{ baseSeconds: 5, maxSeconds: 5 }, { baseSeconds: 300 }, { maxSeconds: 5 }, {}],
    refused: [{ baseSeconds: 6, maxSeconds: 5 }, { baseSeconds: 301 }, { maxSeconds: 4 }],
  },
  {
    at: 'spec.webhooks[].url',
    constraint: 'url must be an absolute http or https URL',
    accepted: ['http://sink:8080/a?b=c', 'https://sink.example', 'HTTPS://SINK.example', 'https://[fd00::1]:8443/'],
    refused: [
      '/hook',
      'sink.example/hook',
      'ftp://sink.example',
      'https://',
      'https:sink',
      'https:///hook',
      'https://a b/',
      'https://sink.example#a',
      '',
    ],
  },
  {
    at: 'spec.webhooks[].url',
    constraint: 'url must not hold a user or password',
    accepted: ['https://sink.example/@user', 'https://sink.example?to=a@b'],
    refused: ['https://user@sink.example/', 'https://user:password@sink.example', 'https://:password@sink.example'],
  },
  ...(['requests', 'limits'] as const).map((list) => ({
    at: `spec.pod.resources.${list}{}`,
    constraint: 'pattern',
    accepted: ['50m', '1', '1.5', '64Mi', 2],
    refused: ['much', '-1', '1 Gi', ''],
  })),
  {
    at: 'spec.pod.resources',
    constraint: 'requests must not be greater than limits',
    accepted: [
      { requests: { memory: '64Mi' } },
      { limits: { memory: '64Mi' } },
      { requests: { cpu: '2', memory: '1024Mi' }, limits: { memory: '1Gi' } },
      { requests: { cpu: 1 }, limits: { cpu: '1000m' } },
    ],
    refused: [
      { requests: { memory: '65Mi' }, limits: { memory: '64Mi' } },
      { requests: { cpu: 1 }, limits: { cpu: '999m' } },
    ],
  },
  {
    at: 'spec.engine',
    constraint: 'spec.engine cannot be changed, because credentials do not convert',
    changes: 'Baileys',
    accepted: ['Baileys'],
    refused: ['WhatsAppWebJS'],
  },
];
