import type { IncomingMessage } from 'node:http';
import { reportPath, reportStatus } from '@berth/protocol';
import type { Log } from '../../kubernetes/log.ts';
import { type Answer, problem } from '../answer.ts';
import type { IdentifyPod } from '../identify-pod.ts';
import { BodyError, jsonBody } from '../json-body.ts';
import { parseReport, ReportInvalidError } from '../parse-report.ts';
import { isReportUnstorable, type Reception, type Reports } from '../reports.ts';
import type { Route } from '../route.ts';

/** Why a report was not taken: a closed set, for the metric `berth_reports_rejected_total`. */
export type Rejection = Exclude<Reception, 'accepted'> | 'unauthenticated' | 'bad_request' | 'unavailable';

export interface ReportRouteDependencies {
  readonly identifyPod: IdentifyPod;
  readonly reports: Reports;
  readonly onRejected: (reason: Rejection) => void;
  readonly log: Log;
}

/** Bytes of a report. One has some hundred. */
const bodyLimit = 16_384;

/** `POST reportPath`: how a session pod tells its state. The answers are those of `reportStatus`. */
export function reportRoute({ identifyPod, reports, onRejected, log }: ReportRouteDependencies): Route {
  /** @throws {BodyError | ReportInvalidError} and what the API server refuses */
  async function receive(request: IncomingMessage, signal: AbortSignal): Promise<Reception | 'unauthenticated'> {
    // Asked before the body is read: a stranger gets no further.
    const identity = await identifyPod(bearerOf(request));
    if (identity === 'unauthenticated') return 'unauthenticated';
    return reports.receive(identity, parseReport(await jsonBody(request, bodyLimit)), signal);
  }

  async function handle(request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    try {
      const reception = await receive(request, signal);
      if (reception === 'accepted') return { status: reportStatus.accepted, body: {} };
      onRejected(reception);
      if (reception === 'unauthenticated') return refusals.unauthenticated;
      return refusals[reception];
    } catch (error) {
      if (signal.aborted) throw error;
      const isOwnFault = error instanceof BodyError || error instanceof ReportInvalidError;
      if (isOwnFault || isReportUnstorable(error)) {
        onRejected('bad_request');
        log.warn('Report is malformed', { error });
        const detail = isOwnFault ? error.message : 'Cannot store the report: the API server finds it invalid';
        return problem(reportStatus.badRequest, 'BAD_REQUEST', 'Malformed report', detail);
      }
      onRejected('unavailable');
      log.warn('Report could not be taken; the pod tries again', { error });
      return unavailable('the API server cannot be asked at present');
    }
  }

  return { method: 'POST', path: reportPath, handle };
}

function bearerOf({ headers }: IncomingMessage): string {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

const gone = (why: string) =>
  problem(reportStatus.gone, 'RUN_OVER', 'The run is over', `Cannot take the report: ${why}; exit`);
const unavailable = (why: string) =>
  problem(reportStatus.unavailable, 'UNAVAILABLE', 'Unavailable', `Cannot take the report: ${why}; try again later`);

const refusals: Readonly<Record<Exclude<Reception, 'accepted'> | 'unauthenticated', Answer>> = {
  unauthenticated: problem(
    reportStatus.unauthenticated,
    'UNAUTHENTICATED',
    'Unknown token',
    "Cannot take the report: the token is no pod's with this audience; read it again",
  ),
  forbidden: problem(
    reportStatus.forbidden,
    'ANOTHER_POD',
    "Another pod's token",
    'Cannot take the report: the token belongs to another pod than "runUid" says; exit',
  ),
  too_busy: unavailable('the session is written by others all the time'),
  pod_gone: gone('there is no such pod any more'),
  pod_deleted: gone('the pod is being deleted'),
  session_gone: gone('its session is gone'),
  run_killed: gone('the run was given up'),
  run_ended: gone('its end was recorded'),
  run_superseded: gone('the session has a newer run'),
};
