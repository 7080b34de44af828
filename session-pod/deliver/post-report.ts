import type { Agent } from 'node:https';
import { request } from 'node:https';
import type { RunReport } from '@berth/protocol';
import { reportPath } from '@berth/protocol';

export interface ReportTarget {
  /** `https://<service>.<namespace>.svc:<port>`; the host must be in the operator's certificate. */
  readonly operatorUrl: string;
  /** PEM of the CAs to trust; no other is. */
  readonly ca: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Keeps TLS sessions, by the CA too: what was trusted under one CA is not resumed under another. Absent: keeps none. */
  readonly agent?: Agent;
}

/**
 * Sends one report and gives the status of the answer, whose body is not read.
 * @throws {Error} of Node: no connection, no answer in time, or a certificate that is not the operator's
 */
export function postReport(
  report: RunReport,
  { operatorUrl, ca, token, timeoutMs, agent }: ReportTarget,
): Promise<number> {
  const body = JSON.stringify(report);
  return new Promise((resolve, reject) => {
    const sending = request(
      new URL(reportPath, operatorUrl),
      {
        method: 'POST',
        ca,
        agent: agent ?? false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          authorization: `Bearer ${token}`,
        },
      },
      (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
}
