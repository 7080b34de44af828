import type { RunReport } from '@berth/protocol';
import type { ReportStatus } from '../resource/whatsapp-session.ts';

/**
 * What is stored of a report, after what was stored before it.
 * The time of the first readiness stays as long as the run does. The account stays until a run says that nobody is
 * linked: a new run learns it only once it is connected.
 */
export function reportAfter(before: ReportStatus | undefined, report: RunReport): ReportStatus {
  const sameRun = before?.runUid === report.runUid;
  const readyBefore = sameRun ? before.readyAt : undefined;
  const readyAt = readyBefore ?? (report.state === 'ready' ? report.stateSince : undefined);
  const account = report.account ?? (report.state === 'waiting_for_pairing' ? undefined : before?.account);
  const { account: _, ...told } = report;
  return {
    ...told,
    ...(readyAt === undefined ? {} : { readyAt }),
    ...(account === undefined ? {} : { account: { ...account } }),
  };
}
