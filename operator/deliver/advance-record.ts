import { BerthError } from '@berth/protocol';
import type { Log } from '../kubernetes/log.ts';
import type { SessionKey } from '../resource/names.ts';
import type { SessionEnd, Sink } from '../resource/session-end.ts';
import type { DeliverToSink } from './deliver-to-sink.ts';
import { attemptsOf, type Outcome, statusAfterAttempt, statusOfReplay } from './delivery-status.ts';
import { type DeliveryTimes, deliveryStep, giveUpAtMs, isReplayable } from './delivery-step.ts';
import { toldOf } from './errors.ts';
import type { Records } from './records.ts';

/** Called when something is worth counting. */
export interface AdvanceHooks {
  /** @param seconds from the record of the end until this sink took it */
  readonly onDelivered?: (seconds: number) => void;
  readonly onFailed?: () => void;
  readonly onGivenUp?: (end: SessionEnd) => void;
  /** The operator's own key signs, because that of the sink is gone; called at the first such attempt. */
  readonly onStandIn?: (end: SessionEnd, missing: string) => void;
}

export interface AdvanceDependencies {
  readonly records: Records;
  readonly send: DeliverToSink;
  readonly operatorNamespace: string;
  readonly times: DeliveryTimes;
  readonly nowMs: () => number;
  /** Milliseconds before the attempt after so many. */
  readonly retryInMs: (attempts: number) => number;
  /** Takes in what an own write made of a record; undefined when it is gone. */
  readonly keep: (key: SessionKey, end: SessionEnd | undefined, uid: string) => void;
  readonly hooks?: AdvanceHooks;
  /** Aborted when posts that are under way shall wait no longer; what the others brought is still written down. */
  readonly cut: AbortSignal;
  readonly log: Log;
}

/** Steps for one record at a time; the longest way is attempt, release, wait. */
const stepsAtMost = 8;

/**
 * Creates the walk of one record: as many steps as can be taken now.
 * It gives the milliseconds after which there is more to do, or undefined.
 */
export function createAdvance(dependencies: AdvanceDependencies) {
  const { records, operatorNamespace, times, nowMs, retryInMs, keep, hooks = {}, cut, log } = dependencies;

  async function attempt(end: SessionEnd, sinks: readonly Sink[], signal: AbortSignal) {
    const bounded = AbortSignal.any([signal, cut]);
    const attempts = await Promise.all(sinks.map((sink) => outcomeAt(end, sink, bounded)));
    signal.throwIfAborted(); // An attempt that was cut off says nothing about its sink.
    const outcomes = attempts.filter((outcome) => outcome !== undefined);
    if (outcomes.length === 0) throw cut.reason;
    const createdAtMs = Date.parse(end.metadata.creationTimestamp);
    const timing = {
      nowMs: nowMs(),
      retryInMs: retryInMs(attemptsOf(end)),
      giveUpAtMs: giveUpAtMs(end, times),
    };
    const written = await records.writeStatus(end, (newest) => statusAfterAttempt(newest, outcomes, timing), signal);
    for (const { url, error, standsInFor } of outcomes) {
      if (standsInFor !== undefined && !isKnownStandIn(end, url)) hooks.onStandIn?.(end, standsInFor);
      if (error === undefined) hooks.onDelivered?.((timing.nowMs - createdAtMs) / 1000);
      else hooks.onFailed?.();
    }
    if (written?.status?.delivered === 'GivenUp') hooks.onGivenUp?.(end);
    tell(end, outcomes, written);
    return written;
  }

  function tell({ spec }: SessionEnd, outcomes: readonly Outcome[], written: SessionEnd | undefined) {
    const failed = outcomes.filter(({ error }) => error !== undefined).length;
    const fields = {
      session: `${spec.session.namespace}/${spec.session.name}`,
      run: spec.run.uid,
      sinks: outcomes.length,
      failed,
    };
    if (failed === 0) log.info('Session end delivered', fields);
    else if (written?.status?.delivered === 'GivenUp') log.error('Session end given up', fields);
    else log.warn('Session end not delivered; it is tried again', fields);
  }

  /** Undefined when it was cut off. */
  async function outcomeAt(end: SessionEnd, sink: Sink, signal: AbortSignal): Promise<Outcome | undefined> {
    let standIn: Pick<Outcome, 'standsInFor'> = {};
    try {
      await dependencies.send(end, sink, signal, (missing) => {
        standIn = { standsInFor: missing };
      });
      return { url: sink.url, ...standIn };
    } catch (error) {
      if (signal.aborted) return undefined;
      const level = error instanceof BerthError ? 'debug' : 'error'; // What nobody threw on purpose is a bug.
      log[level]('Attempt at a sink failed', { run: end.spec.run.uid, error });
      return { url: sink.url, error: toldOf(error), ...standIn };
    }
  }

  /** The status first: a crash in between leaves the annotation, which then has nothing to do any more. */
  async function replay(end: SessionEnd, signal: AbortSignal): Promise<SessionEnd | undefined> {
    if (!isReplayable(end)) return records.acknowledgeReplay(end, { keep: false }, signal);
    const begun = await records.writeStatus(end, (newest) => statusOfReplay(newest, nowMs()), signal);
    if (begun === undefined) return undefined;
    log.info('Session end is tried again: its replay was asked for', { run: end.spec.run.uid });
    return records.acknowledgeReplay(begun, { keep: true }, signal);
  }

  async function move(end: SessionEnd, signal: AbortSignal): Promise<SessionEnd | undefined> {
    await records.copyTo(operatorNamespace, end, signal);
    return records.release(end, signal);
  }

  return async function advance(namespace: string, name: string, signal: AbortSignal): Promise<number | undefined> {
    let end = await records.read(namespace, name, signal);
    for (let steps = 0; end !== undefined && steps < stepsAtMost; steps++) {
      const { uid } = end.metadata;
      const step = deliveryStep(end, { nowMs: nowMs(), operatorNamespace, times });
      switch (step.type) {
        case 'nothing':
          return undefined;
        case 'wait':
          return step.forMs;
        case 'attempt':
          end = await attempt(end, step.sinks, signal);
          break;
        case 'move':
          end = await move(end, signal);
          break;
        case 'replay':
          end = await replay(end, signal);
          break;
        case 'release':
          end = await records.release(end, signal);
          break;
        case 'remove':
          await records.remove(end, signal);
          end = undefined;
          break;
      }
      keep(`${namespace}/${name}`, end, uid);
    }
    return undefined;
  };
}

const isKnownStandIn = ({ status }: SessionEnd, url: string): boolean =>
  status?.deliveries?.some(({ sink, signedByOperator }) => sink === url && signedByOperator === true) ?? false;
