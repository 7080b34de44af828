import type { EndReason } from '@berth/protocol';
import type { WhatsAppSessionSpec } from '../resource/whatsapp-session.ts';
import type { ObservedPod, ObservedSession, ObservedSessionEnd, PlanConfig } from './observed.ts';
import { fnv1a, stableJson } from './spec-hash.ts';

/**
 * Hash of what the operator itself puts into a session's pod: image and defaults. Without the pull policy, which is of no
 * consequence to a process that runs, and without defaults that the session's spec replaces.
 */
export function templateHash({ engine, pod }: WhatsAppSessionSpec, config: PlanConfig): string {
  const { images, sessionEnv, operatorUrl, resources, browser } = config;
  const defaults = {
    ...(pod?.resources === undefined ? { resources: resources[engine] } : {}),
    ...(engine === 'WhatsAppWebJS' ? { browser } : {}),
  };
  return fnv1a(stableJson({ image: images[engine], env: sessionEnv, operatorUrl, ...defaults }));
}

/** Whether a run shall make way for another image or other defaults as soon as the fleet has room for that. */
export function isOutdated({ spec }: ObservedSession, pod: ObservedPod, config: PlanConfig): boolean {
  return spec.rollout === 'Paced' && pod.templateHash !== undefined && pod.templateHash !== templateHash(spec, config);
}

/** Ends by which somebody took the session into their own hands: what becomes of it is no part of a rollout any more. */
const takenOver: readonly EndReason[] = ['stopped', 'force_killed', 'restarted', 'deleted', 'shutdown'];

/**
 * Whether a session is away because its settings changed: its run is being ended for that, or a run that was ready has been
 * and none since was, whatever became of it. A rollout waits for it: an image that does not work stops with the first few
 * sessions. One that waited for a person before, as for the scan of a QR code, is not waited for.
 * @param ends those known of the session; when they are past their retention, it counts no more
 */
export function isBeingRenewed(session: ObservedSession, ends: readonly ObservedSessionEnd[]): boolean {
  const { spec, status, deletionRequested, uid } = session;
  if (deletionRequested || (spec.desiredState ?? 'Running') !== 'Running') return false;
  const { run, report } = status;
  if (run?.ending?.reason === 'spec_changed') return true;
  const own = ends.filter(({ sessionUid }) => sessionUid === uid);
  const renewed = own
    .filter(({ reason, readyAt }) => reason === 'spec_changed' && readyAt !== undefined)
    .map(({ runNumber = 0 }) => runNumber);
  if (renewed.length === 0) return false;
  const last = Math.max(...renewed);
  const isOver = own.some(
    ({ runNumber = 0, readyAt, reason }) => runNumber > last && (readyAt !== undefined || takenOver.includes(reason)),
  );
  const isReady = run !== undefined && run.number > last && report?.runUid === run.uid && report.readyAt !== undefined;
  return !isOver && !isReady;
}
