import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import type { RunReport } from '@berth/protocol';
import { reportStatus } from '@berth/protocol';
import type { Log } from '../publish/log.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { postReport } from './post-report.ts';
import { reportVerdict } from './report-verdict.ts';

export interface OperatorReportOptions {
  readonly operatorUrl: string;
  readonly ca: CertificateAuthority;
  /** Read anew for each sending: the kubelet replaces the token long before it expires. */
  readonly tokenFile: string;
  readonly log: Log;
  /** The operator ended this run. Called once; nothing is sent any more. */
  readonly onOver: (message: string) => void;
  readonly timeoutMs?: number;
}

/** A report without its number. */
export type ReportContent = Omit<RunReport, 'sequence'>;

export interface OperatorReport {
  /** Hands over the newest state: it takes the place of one that has not got through yet. */
  send(content: ReportContent): void;
  /** Resolves when no report is on its way: delivered, or to be tried again later, which is not waited for. */
  idle(): Promise<void>;
  /** Sends at once what has not got through yet, and waits for the answer, at most `withinMs` milliseconds. */
  flush(withinMs: number): Promise<void>;
  close(): void;
}

/**
 * So long after its last report was taken, a pod sends it again to ask whether it may go on, which every pod whose state
 * does not change does each minute: one whose node was cut off, and whose run was given up meanwhile, learns it only so.
 */
const askAgainMs = 60_000;

/**
 * Tells the operator the newest state, one request at a time, again and again until it is taken: a pod outlives any
 * absence of the operator. Only the last state is kept, so nothing piles up meanwhile.
 */
export function createOperatorReport(options: OperatorReportOptions): OperatorReport {
  const { ca, log, tokenFile, onOver, operatorUrl, timeoutMs = 10_000 } = options;
  // One connection a report, as a kept one would hold a socket per pod at the operator; its TLS session is resumed.
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 1 });
  let newest: RunReport | undefined;
  let delivered: RunReport | undefined;
  let sequence = 0;
  let failures = 0;
  let refusals = 0;
  let isSending = false;
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;
  let question: NodeJS.Timeout | undefined;
  let waiting: (() => void)[] = [];

  const close = () => {
    isClosed = true;
    newest = undefined;
    clearTimeout(retry);
    clearTimeout(question);
    tellIdle();
  };
  const tellIdle = () => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };

  async function attempt(report: RunReport): Promise<number | undefined> {
    try {
      const token = (await readFile(tokenFile, 'utf8')).trim();
      return await postReport(report, { operatorUrl, ca: ca.pem(), token, timeoutMs, agent });
    } catch (error) {
      const level = failures === 0 ? 'warn' : 'debug'; // Once per outage is enough.
      log[level]({ err: error }, 'Report did not reach the operator');
      return undefined;
    }
  }

  async function pump(): Promise<void> {
    if (isSending || isClosed || newest === undefined || retry !== undefined) return;
    isSending = true;
    const report = newest;
    const status = await attempt(report);
    isSending = false;
    if (isClosed) return;
    answered(report, status);
    if (!isSending) tellIdle();
  }

  function answered(report: RunReport, status: number | undefined): void {
    const verdict = reportVerdict(status, failures, refusals, Math.random());
    if (status === reportStatus.badRequest) {
      const { sequence: number, state } = report;
      log.error({ sequence: number, state }, 'Operator refused a report as malformed; it is tried again');
    }
    failures = verdict.type === 'retry' ? failures + 1 : 0;
    refusals = status === 401 ? refusals + 1 : status === undefined || status >= 500 ? refusals : 0;
    log.debug({ status, state: report.state, sequence: report.sequence, verdict: verdict.type }, 'Report answered');
    if (verdict.type === 'over') {
      close();
      onOver(verdict.message);
      return;
    }
    if (verdict.type === 'retry') {
      retry = setTimeout(() => {
        retry = undefined;
        void pump();
      }, verdict.inMs);
      return;
    }
    delivered = report;
    if (newest === report) newest = undefined;
    clearTimeout(question);
    question = setTimeout(askAgain, askAgainMs * (0.9 + 0.1 * Math.random())); // Not all pods of a cluster at once.
    void pump();
  }

  function askAgain(): void {
    newest ??= delivered; // One that is on its way already asks as well.
    void pump();
  }

  function idle(): Promise<void> {
    if (!isSending) return Promise.resolve();
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  }

  return {
    send(content) {
      if (isClosed) return;
      sequence += 1;
      newest = { ...content, sequence };
      void pump();
    },
    idle,
    async flush(withinMs) {
      clearTimeout(retry);
      retry = undefined;
      void pump();
      let timer: NodeJS.Timeout | undefined;
      const expired = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      });
      await Promise.race([idle(), expired]);
      clearTimeout(timer);
    },
    close,
  };
}
