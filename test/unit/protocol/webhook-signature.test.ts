import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { WebhookKeyError, webhookHeaders } from '../../../session-pod/protocol/webhook-signature.ts';

const key = randomBytes(32);
const atMs = Date.now();
const message = { id: 'run-1', atMs, body: '{"text":"Grüße"}' };

test('webhookHeaders() are those that a receiver verifies', () => {
  const verified = new Webhook(key.toString('base64')).verify(message.body, webhookHeaders(key, message));
  expect(verified).toEqual({ text: 'Grüße' });
});

test('webhookHeaders() sign with HMAC-SHA-256 of id, seconds and body', () => {
  const seconds = Math.floor(atMs / 1000);
  const expected = createHmac('sha256', key).update(`run-1.${seconds}.${message.body}`).digest('base64');
  expect(webhookHeaders(key, message)).toEqual({
    'webhook-id': 'run-1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${expected}`,
  });
});

test.each(['', '\n'])('webhookHeaders() understand a key that says it is Base64, followed by %j', (end) => {
  const text = Buffer.from(`whsec_${key.toString('base64')}${end}`);
  expect(webhookHeaders(text, message)).toEqual(webhookHeaders(key, message));
});

const secretOf = (bytes: Buffer) => `whsec_${bytes.toString('base64')}`;
const older = randomBytes(32);

test.each([' ', '\n', '\r\n\t'])('webhookHeaders() sign with each of several secrets, parted by %j', (gap) => {
  const headers = webhookHeaders(Buffer.from(` ${secretOf(key)}${gap}${secretOf(older)}\n`), message);
  const [first, second, ...others] = headers['webhook-signature'].split(' ');
  expect(others).toEqual([]);
  expect(first).toBe(webhookHeaders(key, message)['webhook-signature']);
  expect(second).toBe(webhookHeaders(older, message)['webhook-signature']);
  for (const secret of [key, older])
    expect(() => new Webhook(secretOf(secret)).verify(message.body, headers)).not.toThrow();
  expect(() => new Webhook(secretOf(randomBytes(32))).verify(message.body, headers)).toThrow(
    'No matching signature found',
  );
});

test('webhookHeaders() take bytes with white space in them for one key', () => {
  const raw = Buffer.from('a key of words');
  expect(webhookHeaders(raw, message)['webhook-signature']).not.toContain(' ');
});

test.each([
  ['', ''],
  ['', 'whsec_'],
  ['', 'whsec_***'],
  ['of which one is no secret', `${secretOf(key)} ${key.toString('base64')}`],
  ['of six secrets', Array(6).fill(secretOf(key)).join(' ')],
])('webhookHeaders() refuse the key %s %j', (_what, text) => {
  expect(() => webhookHeaders(Buffer.from(text), message)).toThrow(WebhookKeyError);
});
