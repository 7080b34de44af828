import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { reportPath, reportStatus } from '@berth/protocol';

/** What a probe has seen. */
export interface Probed {
  readonly asked: number;
  /** What was met instead of an answer, with the time since the probe began, in milliseconds. */
  readonly failures: readonly { readonly atMs: number; readonly seen: string }[];
  /** The longest time during which no connection was answered, in milliseconds; 0 when each was. */
  readonly longestGapMs: number;
}

/**
 * Asks the receiver of reports every 50 ms, on a connection of its own each time, as pods do, until it is stopped. It shows no
 * token: a receiver that says so takes reports.
 * @param baseUrl `https://<address>:<port>` of the operator's Service
 */
export function probeReports(baseUrl: string): { stop(): Promise<Probed> } {
  const startedAtMs = performance.now();
  const failures: { atMs: number; seen: string }[] = [];
  let asked = 0;
  let longestGapMs = 0;
  let downSinceMs: number | undefined;
  const stopped = new AbortController();
  const running = (async () => {
    while (!stopped.signal.aborted) {
      const askedAtMs = performance.now();
      const seen = await statusOf(new URL(reportPath, baseUrl));
      asked += 1;
      if (seen === String(reportStatus.unauthenticated)) {
        if (downSinceMs !== undefined) longestGapMs = Math.max(longestGapMs, performance.now() - downSinceMs);
        downSinceMs = undefined;
      } else {
        downSinceMs ??= askedAtMs;
        failures.push({ atMs: Math.round(askedAtMs - startedAtMs), seen });
      }
      await sleep(50);
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await running;
      return { asked, failures, longestGapMs };
    },
  };
}

function statusOf(url: URL): Promise<string> {
  return new Promise((resolve) => {
    const sending = request(
      url,
      { method: 'POST', agent: false, rejectUnauthorized: false, timeout: 2_000 },
      (response) => {
        response.resume();
        resolve(String(response.statusCode));
      },
    );
    sending.on('timeout', () => sending.destroy(new Error('no answer within 2 s')));
    sending.on('error', (error) => resolve(error.message));
    sending.end('{}');
  });
}
