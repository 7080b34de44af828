/** What a session's engine is doing, as its pod tells it. */
export const sessionStates = [
  'connecting', // Dials WhatsApp or waits for its answer; credentials may be there or not.
  'waiting_for_pairing', // A QR or pairing code can be fetched from the pod: a person is needed.
  'authenticated', // Paired or logged in, not yet able to send.
  'ready',
  'reconnecting', // Was ready or authenticated in this run, lost the connection, dials again.
  'stopping', // Takes no more work; ends by itself within its deadline.
] as const;
export type SessionState = (typeof sessionStates)[number];

/** Path of the operator's report receiver, over TLS, with the pod's projected token (audience below) as bearer. */
export const reportPath = '/internal/v1/report';
/** Audience of the token that a pod presents to the operator; such a token is useless against the API server. */
export const operatorAudience = 'berth-operator';

/**
 * One report of a pod to the operator, the body of `POST reportPath`. Only a change makes a new one. A minute after the
 * operator has taken the last one the pod sends it again, with its number, and so on each minute: it asks whether it may
 * go on.
 */
export interface RunReport {
  /** The pod's uid: the id of the run. The token says the same, or the report is refused with 403. */
  readonly runUid: string;
  /** Grows by one with each report of a run, from 1. A repeated or late number changes nothing. */
  readonly sequence: number;
  readonly state: SessionState;
  /** RFC 3339, the pod's clock. */
  readonly stateSince: string;
  /** Times the connection was lost in this run. */
  readonly reconnects: number;
  /** How many of them within the time of `BERTH_RECONNECT_WINDOW_SECONDS` before this report. */
  readonly recentReconnects?: number;
  /** The linked account, once known. */
  readonly account?: { readonly id: string; readonly pushName?: string };
  /** Lower-case hex SHA-256 of the DER certificate that the pod's own API serves; the operator pins it. */
  readonly certificateSha256: string;
  /** What the engine last heard or failed at, for people; no phone number, QR or message text. */
  readonly message?: string;
}

/** Answers of the receiver, beside 200 with an empty object. */
export const reportStatus = {
  accepted: 200,
  /** The token is unknown: try once more 10 s later with a token read anew, then exit. */
  unauthenticated: 401,
  /** The token belongs to another pod than the report says: a bug or an attack. Exit. */
  forbidden: 403,
  /** This run is over: exit now. */
  gone: 410,
  /** Body too large or malformed: a bug, of the pod or of an operator of another version. Carry on, try again later. */
  badRequest: 400,
  /** The operator cannot ask the API server at present: carry on and try again with backoff. */
  unavailable: 503,
} as const;

/** Reasons that only the pod can know; written as its last words into the termination message. */
export const podEndReasons = ['logged_out', 'replaced', 'banned', 'auth_failure'] as const;
export type PodEndReason = (typeof podEndReasons)[number];

/** The JSON in the container's termination message (at most 4096 bytes): survives when no report got through. */
export interface LastWords {
  /** Absent when the pod was asked to stop or gave up for a reason the operator must name. */
  readonly reason?: PodEndReason;
  /** WhatsApp's disconnect code, if one ended the run. */
  readonly code?: number;
  readonly message: string;
  /** WhatsApp confirmed that the device was unlinked, as the operator had asked. */
  readonly unlinked?: true;
}
