import type { ObservedPod, ObservedSession } from '../plan/observed.ts';
import { PodUnreachableError } from '../pods/errors.ts';
import type { SessionPodClient } from '../pods/session-pod-client.ts';
import { sessionKey } from '../resource/names.ts';
import { notFound } from './perform-action.ts';
import { ProblemError } from './problem-error.ts';

/** What a pod shows for somebody to link a phone with, fetched at each call, and kept nowhere. */
export interface LiveCodes {
  /**
   * The text that the QR code encodes.
   * @throws {ProblemError | PodUnreachableError | PodIdentityError | PodRefusedError} CONFLICT: none is to be scanned now
   */
  qr(namespace: string, name: string, signal: AbortSignal): Promise<string>;
  /** The code to type in on the phone. @throws as `qr` */
  pairingCode(namespace: string, name: string, signal: AbortSignal): Promise<string>;
}

export function createLiveCodes({
  sessionPods,
  findSession,
  findPod,
}: {
  readonly sessionPods: Pick<SessionPodClient, 'fetchQr' | 'fetchPairingCode'>;
  readonly findSession: (key: string) => ObservedSession | undefined;
  readonly findPod: (key: string) => ObservedPod | undefined;
}): LiveCodes {
  async function ask(
    namespace: string,
    name: string,
    what: string,
    fetch: SessionPodClient['fetchQr'],
    signal: AbortSignal,
  ): Promise<string> {
    const key = sessionKey(namespace, name);
    const session = findSession(key);
    if (session === undefined) throw notFound(key);
    const pod = findPod(key);
    const { report, phase = 'Pending' } = session.status;
    const none = (why: string) => new ProblemError('CONFLICT', `Cannot show a ${what} of "${key}": ${why}`);
    if (report?.certificateSha256 === undefined || pod?.podIp === undefined || pod.uid !== report.runUid)
      throw none(`it is ${phase} and has no pod that could show one; start it, or wait`);
    const target = { podIp: pod.podIp, certificateSha256: report.certificateSha256, signal };
    const code = await fetch(target).catch((error: unknown) => {
      // The pod may have gone in this moment, which is no fault.
      if (error instanceof PodUnreachableError && findPod(key)?.uid !== pod.uid)
        throw none('its run has just ended; wait');
      throw error;
    });
    if (code === undefined) throw none(`it is ${phase}, and nobody needs one now; get the session`);
    return code;
  }

  return {
    qr: (namespace, name, signal) => ask(namespace, name, 'QR code', sessionPods.fetchQr, signal),
    pairingCode: (namespace, name, signal) =>
      ask(namespace, name, 'pairing code', sessionPods.fetchPairingCode, signal),
  };
}
