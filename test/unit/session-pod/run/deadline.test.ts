import { DeadlineExceededError, withDeadline } from '@berth/session-pod/run/deadline.ts';
import { expect, test } from 'vitest';

test('withDeadline() gives the result, the failure, or says what took too long', async () => {
  await expect(withDeadline(Promise.resolve(1), 1_000, 'count')).resolves.toBe(1);
  await expect(withDeadline(Promise.reject(new Error('no')), 1_000, 'count')).rejects.toThrow('no');
  const never = withDeadline(new Promise(() => {}), 5, 'count');
  await expect(never).rejects.toThrow(DeadlineExceededError);
  await expect(never).rejects.toThrow('Cannot count: no answer within 5 ms');
});
