import { expect, test } from 'vitest';
import {
  ApiError,
  apiErrorFromStatus,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isNamespaceTerminating,
  isNotFound,
  isUnreachable,
} from '../../../../operator/kubernetes/errors.ts';

const request = { method: 'POST', path: '/api/v1/namespaces/a/pods' };

function refused(status: number, reason: string, details?: object): ApiError {
  return apiErrorFromStatus(request, { status, body: { kind: 'Status', reason, message: 'so it is', details } });
}

test('ApiError says what was asked, what the API server answered and what to do', () => {
  expect(refused(409, 'AlreadyExists').message).toBe(
    'Cannot POST "/api/v1/namespaces/a/pods": the API server answered 409 AlreadyExists, "so it is"; read the object that is there',
  );
});

test('ApiError repeats at most 500 characters of the API server', () => {
  const { message } = apiErrorFromStatus(request, { status: 422, body: { message: 'x'.repeat(10_000) } });
  expect(message).toContain(`"${'x'.repeat(499)}…"`);
  expect(message.length).toBeLessThan(700);
});

test('apiErrorFromStatus() takes the page of a proxy as text', () => {
  const error = apiErrorFromStatus(request, { status: 502, body: '<h1>Bad Gateway</h1>\n' });
  expect(error.message).toContain('answered 502, "<h1>Bad Gateway</h1>"');
});

test.each([
  { name: 'isNotFound', is: isNotFound, error: refused(404, 'NotFound') },
  { name: 'isConflict', is: isConflict, error: refused(409, 'Conflict') },
  { name: 'isAlreadyExists', is: isAlreadyExists, error: refused(409, 'AlreadyExists') },
  { name: 'isGone', is: isGone, error: refused(410, 'Expired') },
  { name: 'isForbidden', is: isForbidden, error: refused(403, 'Forbidden') },
  {
    name: 'isUnreachable',
    is: isUnreachable,
    error: new ApiError({ ...request, status: 0, reason: 'Unreachable', message: 'ECONNREFUSED' }),
  },
])('$name() knows its error and no other', ({ is, error }) => {
  const others = [isNotFound, isConflict, isAlreadyExists, isGone, isForbidden, isUnreachable].filter(
    (of) => of !== is,
  );
  expect(is(error)).toBe(true);
  expect(others.some((other) => other(error))).toBe(false);
  expect(is(new Error(error.message))).toBe(false);
});

test('isNamespaceTerminating() needs the cause, not the status alone', () => {
  expect(isNamespaceTerminating(refused(403, 'Forbidden'))).toBe(false);
  const terminating = refused(403, 'Forbidden', {
    causes: [{ reason: 'NamespaceTerminating', message: 'is being terminated' }],
  });
  expect(isNamespaceTerminating(terminating)).toBe(true);
  expect(terminating.message).toContain('wait until the namespace is gone');
});

test.each([
  { status: 0, retryable: true },
  { status: 401, retryable: false },
  { status: 409, retryable: false },
  { status: 422, retryable: false },
  { status: 429, retryable: true },
  { status: 503, retryable: true },
])('ApiError of status $status has retryable $retryable', ({ status, retryable }) => {
  expect(new ApiError({ ...request, status, reason: '', message: '' }).retryable).toBe(retryable);
});

test('apiErrorFromStatus() takes the time to wait from the header, else from the Status', () => {
  expect(refused(429, 'TooManyRequests', { retryAfterSeconds: 3 }).retryAfterMs).toBe(3_000);
  expect(apiErrorFromStatus(request, { status: 429, body: {}, retryAfterMs: 1_000 }).retryAfterMs).toBe(1_000);
  expect(refused(429, 'TooManyRequests').retryAfterMs).toBeUndefined();
});
