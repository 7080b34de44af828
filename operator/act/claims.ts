import type { KubernetesClient } from '../kubernetes/client.ts';
import { ApiError, isAlreadyExists, isNotFound } from '../kubernetes/errors.ts';
import type { ClaimHolders } from '../observe/claim-holders.ts';
import { slimPod } from '../observe/slim-pod.ts';
import { claimOf } from '../plan/claim-use.ts';
import type { ClaimManifest } from '../plan/manifests.ts';
import type { Observed, ObservedClaim, ObservedSession } from '../plan/observed.ts';
import { claimName, path } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';

/** Creates and removes the claims that keep credentials, and keeps two sessions from starting on one. */
export function createClaims(dependencies: {
  readonly client: KubernetesClient;
  readonly claims: SlimCache<ObservedClaim>;
  readonly claimHolders: ClaimHolders;
}) {
  const { client, claims, claimHolders } = dependencies;
  /** Paths of the claims on which a run is being started. */
  const starting = new Set<string>();

  /** Asks the API server, not the cache: a new leader may not have seen the pod that the one before has made. */
  async function hasLivingRival(session: ObservedSession, signal: AbortSignal): Promise<boolean> {
    for (const rival of claimHolders.rivals(session)) {
      try {
        const raw = await client.request({ method: 'GET', path: path.pod(session.namespace, rival), signal });
        if (slimPod(raw).claim === claimOf(session)) return true;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return false;
  }

  return {
    /**
     * Starts a run on the session's claim unless another session has one there, or is about to: two sessions that name
     * the same claim are worked on side by side, and neither knows of a pod that is just being made.
     * @throws {ApiError} a conflict: look again
     */
    async startOn({ session }: Observed, signal: AbortSignal, start: () => Promise<void>): Promise<void> {
      if (session === undefined) return;
      const claim = path.claim(session.namespace, claimOf(session));
      if (starting.has(claim)) throw inUse(claim);
      starting.add(claim);
      try {
        const isInUse = claimHolders.holderBeside(session) !== undefined || (await hasLivingRival(session, signal));
        if (isInUse) throw inUse(claim);
        await start();
      } finally {
        starting.delete(claim);
      }
    },

    async create({ namespace }: Observed, manifest: ClaimManifest, signal: AbortSignal): Promise<void> {
      try {
        claims.absorb(await client.request({ method: 'POST', path: path.claims(namespace), body: manifest, signal }));
      } catch (error) {
        // A claim of that name that is not labelled as ours: made beforehand by the user, with credentials in it.
        if (!isAlreadyExists(error)) throw error;
      }
    },

    async remove({ namespace, name }: Observed, uid: string, signal: AbortSignal): Promise<void> {
      try {
        claims.absorb(
          await client.request({
            method: 'DELETE',
            path: path.claim(namespace, claimName(name)),
            body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } },
            signal,
          }),
        );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}
export type Claims = ReturnType<typeof createClaims>;

const inUse = (claim: string) =>
  new ApiError({ method: 'GET', path: claim, status: 409, reason: 'Conflict', message: 'another session is using it' });
