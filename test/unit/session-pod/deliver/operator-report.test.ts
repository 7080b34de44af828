import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunReport } from '@berth/protocol';
import { reportPath } from '@berth/protocol';
import { watchCertificateAuthority } from '@berth/session-pod/deliver/certificate-authority.ts';
import type { ReportContent } from '@berth/session-pod/deliver/operator-report.ts';
import { createOperatorReport } from '@berth/session-pod/deliver/operator-report.ts';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { TestAuthority } from '../../../builders/a-certificate-authority.ts';
import { aCertificateAuthority } from '../../../builders/a-certificate-authority.ts';
import { aReportReceiver } from '../a-report-receiver.ts';
import { aTemporaryDirectory } from '../a-temporary-directory.ts';
import { eventually } from '../eventually.ts';
import { silentLog } from '../silent-log.ts';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await aCertificateAuthority();
});

/** A sender whose timers run a hundred times as fast, so that a backoff of 10 s takes 0.1 s. */
function aSender(operatorUrl: string, timeoutMs = 2_000) {
  const realSetTimeout = globalThis.setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((work: () => void, inMs: number) =>
    realSetTimeout(work, inMs >= 500 ? inMs / 100 : inMs)) as typeof setTimeout);
  const directory = aTemporaryDirectory();
  const tokenFile = join(directory, 'token');
  const caFile = join(directory, 'ca.crt');
  writeFileSync(tokenFile, 'token-1\n');
  writeFileSync(caFile, authority.pem);
  const ca = watchCertificateAuthority(caFile, silentLog);
  const overs: string[] = [];
  const onOver = (message: string) => void overs.push(message);
  const sender = createOperatorReport({ operatorUrl, ca, tokenFile, log: silentLog, onOver, timeoutMs });
  onTestFinished(() => {
    sender.close();
    ca.close();
    vi.restoreAllMocks();
  });
  return { sender, overs, tokenFile };
}

function aReport(state: RunReport['state'] = 'ready'): ReportContent {
  return { runUid: 'run-1', state, stateSince: '2026-01-01T00:00:00.000Z', reconnects: 0, certificateSha256: 'ab' };
}

test('createOperatorReport() posts the report with its number and the token', async () => {
  const { received, url } = await aReportReceiver(authority, [200]);
  const { sender } = aSender(url);
  sender.send(aReport('waiting_for_pairing'));
  await sender.idle();
  sender.send(aReport('ready'));
  await sender.idle();
  expect(received).toEqual([
    { path: reportPath, authorization: 'Bearer token-1', report: { ...aReport('waiting_for_pairing'), sequence: 1 } },
    { path: reportPath, authorization: 'Bearer token-1', report: { ...aReport('ready'), sequence: 2 } },
  ]);
});

test.each([410, 403])('createOperatorReport() is over at once after a %i and sends nothing more', async (status) => {
  const { received, url } = await aReportReceiver(authority, [status]);
  const { sender, overs } = aSender(url);
  sender.send(aReport());
  await eventually(
    () => overs,
    (seen) => seen.length === 1,
  );
  sender.send(aReport('stopping'));
  await sender.idle();
  expect(received).toHaveLength(1);
  expect(overs).toEqual([expect.stringContaining(`${status}`)]);
});

test('createOperatorReport() tries a 401 once more with the token of then, and is over after the second', async () => {
  const { received, url } = await aReportReceiver(authority, [401]);
  const { sender, overs, tokenFile } = aSender(url);
  sender.send(aReport());
  await eventually(
    () => received,
    (seen) => seen.length === 1,
  );
  writeFileSync(tokenFile, 'token-2');
  await eventually(
    () => overs,
    (seen) => seen.length === 1,
  );
  expect(received.map(({ authorization }) => authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
});

test('createOperatorReport() carries on after a 401 that a new token mends', async () => {
  const { received, url } = await aReportReceiver(authority, [401, 200]);
  const { sender, overs } = aSender(url);
  sender.send(aReport());
  await eventually(
    () => received,
    (seen) => seen.length === 2,
  );
  await sender.idle();
  expect(overs).toEqual([]);
});

test('createOperatorReport() tries again after 503 and no answer, and then sends the newest state alone', async () => {
  const { received, url } = await aReportReceiver(authority, [503, 'silent', 503, 200]);
  const { sender, overs } = aSender(url, 300);
  sender.send(aReport('waiting_for_pairing'));
  await eventually(
    () => received,
    (seen) => seen.length === 2,
  );
  sender.send(aReport('reconnecting'));
  sender.send(aReport('ready'));
  await eventually(
    () => received,
    (seen) => seen.length === 4,
  );
  await sender.idle();
  expect(received.map(({ report }) => [report.state, report.sequence])).toEqual([
    ['waiting_for_pairing', 1],
    ['waiting_for_pairing', 1],
    ['ready', 3],
    ['ready', 3],
  ]);
  expect(overs).toEqual([]);
});

test('createOperatorReport() outlives the absence of the operator', async () => {
  const absent = await aReportReceiver(authority, [200]);
  const { port } = new URL(absent.url);
  const { sender, overs } = aSender(`https://localhost:${Number(port) === 65_535 ? 1 : Number(port) + 1}`);
  sender.send(aReport());
  await sender.idle(); // Refused, and to be tried again later.
  const { received } = await aReportReceiver(authority, [200], 'localhost', Number(port) + 1);
  await eventually(
    () => received,
    (seen) => seen.length === 1,
  );
  expect(overs).toEqual([]);
});

test("createOperatorReport() hands its token to no server but the operator's", async () => {
  const { received, url } = await aReportReceiver(authority, [200], 'somebody-else.svc');
  const { sender, overs } = aSender(url);
  sender.send(aReport());
  await sender.idle();
  expect(received).toEqual([]);
  expect(overs).toEqual([]);
});

test('createOperatorReport() asks with its last report, number and all, a minute after it was taken', async () => {
  const { received, url } = await aReportReceiver(authority, [200, 200, 503, 410]);
  const { sender, overs } = aSender(url);
  sender.send(aReport());
  await eventually(
    () => overs,
    (seen) => seen.length === 1,
  );
  expect(received.map(({ report }) => report)).toEqual(
    Array.from({ length: 4 }, () => ({ ...aReport(), sequence: 1 })),
  );
  expect(overs).toEqual([expect.stringContaining('410')]);
});

test('createOperatorReport() does not give up a first report that is refused as malformed', async () => {
  const { received, url } = await aReportReceiver(authority, [400, 400, 400, 200]);
  const { sender, overs } = aSender(url);
  sender.send(aReport());
  await eventually(
    () => received,
    (seen) => seen.length === 4,
  );
  await sender.idle();
  expect(received.map(({ report }) => report.sequence)).toEqual([1, 1, 1, 1]);
  expect(overs).toEqual([]);
});

test('flush() sends at once what waits for its next try, and is over in its time', async () => {
  const { received, url } = await aReportReceiver(authority, [503, 200, 'silent']);
  const { sender } = aSender(url);
  sender.send(aReport());
  await sender.idle();
  sender.send(aReport('stopping'));
  expect(received).toHaveLength(1);
  await sender.flush(400);
  expect(received.map(({ report }) => report.state)).toEqual(['ready', 'stopping']);
  sender.send(aReport());
  const startedAtMs = Date.now();
  await sender.flush(400);
  expect(Date.now() - startedAtMs).toBeLessThan(1_500);
});
