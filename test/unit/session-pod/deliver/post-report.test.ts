import { Agent, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { postReport } from '@berth/session-pod/deliver/post-report.ts';
import { expect, onTestFinished, test } from 'vitest';
import { aCertificateAuthority } from '../../../builders/a-certificate-authority.ts';

const report = {
  runUid: 'run-1',
  sequence: 1,
  state: 'ready',
  stateSince: '2026-01-01T00:00:00.000Z',
  reconnects: 0,
  certificateSha256: 'ab',
} as const;

test('postReport() resumes the TLS session of the report before, and none under another CA', async () => {
  const [authority, another] = [await aCertificateAuthority(), await aCertificateAuthority()];
  const resumed: boolean[] = [];
  const server = createServer(await authority.issue('receiver', ['localhost']), (request, response) => {
    resumed.push((request.socket as TLSSocket).isSessionReused());
    request.resume();
    response.end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  const operatorUrl = `https://localhost:${(server.address() as AddressInfo).port}`;
  const target = { operatorUrl, token: 'token', timeoutMs: 2_000, agent: new Agent({ maxCachedSessions: 1 }) };
  expect(await postReport(report, { ...target, ca: authority.pem })).toBe(200);
  expect(await postReport(report, { ...target, ca: authority.pem })).toBe(200);
  await expect(postReport(report, { ...target, ca: another.pem })).rejects.toThrow('unable to verify');
  expect(await postReport(report, { ...target, ca: `${another.pem}\n${authority.pem}` })).toBe(200);
  expect(resumed).toEqual([false, true, false]);
  expect(Object.keys(target.agent.freeSockets)).toEqual([]);
});
