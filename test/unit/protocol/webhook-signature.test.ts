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

test.each(['', 'whsec_', 'whsec_***'])('webhookHeaders() refuse the key %j', (text) => {
  expect(() => webhookHeaders(Buffer.from(text), message)).toThrow(WebhookKeyError);
});
