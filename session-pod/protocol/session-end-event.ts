/** Why a run ended. The meaning and precedence of each is in docs/guarantees.md. */
export const endReasons = [
  'stopped',
  'restarted',
  'force_killed',
  'stuck',
  'start_timeout',
  'pairing_timeout',
  'logged_out',
  'replaced',
  'auth_failure',
  'banned',
  'crashed',
  'out_of_memory',
  'evicted',
  'node_lost',
  'pod_deleted',
  'deleted',
  'spec_changed',
  'shutdown',
  'unknown',
] as const;
export type EndReason = (typeof endReasons)[number];

/** The `data` of the CloudEvent `session_end`. Times are RFC 3339. */
export interface SessionEndData {
  readonly session: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly run: { readonly uid: string; readonly number?: number };
  readonly engine: string;
  readonly account?: { readonly id: string };
  readonly reason: EndReason;
  readonly message: string;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly startedAt?: string;
  readonly readyAt?: string;
  readonly endedAt: string;
  /** Whether the kubelet reported every container of the run as terminated. */
  readonly terminationConfirmed: boolean;
}

/** CloudEvents 1.0 in structured JSON mode, content type `application/cloudevents+json`. */
export interface SessionEndEvent {
  readonly specversion: '1.0';
  /** The run's uid: the same on every attempt, so that a receiver can drop repeats. */
  readonly id: string;
  readonly type: 'session_end';
  /** `/berth/namespaces/<namespace>/sessions/<name>` */
  readonly source: string;
  /** RFC 3339: when the run ended. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: SessionEndData;
}
