import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { RunReport } from '@berth/protocol';
import { onTestFinished } from 'vitest';
import type { TestAuthority } from '../../builders/a-certificate-authority.ts';

export interface Received {
  readonly report: RunReport;
  readonly authorization: string | undefined;
  readonly path: string | undefined;
}

export type ReceiverAnswer = number | 'silent';

/** A receiver that answers as told in turn, and with the last of the answers from then on; 'silent': not at all. */
export async function aReportReceiver(
  authority: TestAuthority,
  answers: readonly ReceiverAnswer[] | ((report: RunReport) => ReceiverAnswer),
  dnsName = 'localhost',
  port = 0,
) {
  const { key, cert } = await authority.issue('receiver', [dnsName]);
  const received: Received[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { authorization } = request.headers;
      const report = JSON.parse(body) as RunReport;
      received.push({ report, authorization, path: request.url });
      const inTurn = Array.isArray(answers) ? answers[Math.min(received.length, answers.length) - 1] : undefined;
      const answer = typeof answers === 'function' ? answers(report) : (inTurn ?? 200);
      if (answer !== 'silent') response.writeHead(answer).end('{}');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { received, url: `https://localhost:${(server.address() as AddressInfo).port}` };
}
