import type { KubernetesClient } from '../kubernetes/client.ts';
import { isAlreadyExists, isNotFound } from '../kubernetes/errors.ts';
import type { ClaimManifest } from '../plan/manifests.ts';
import type { Observed, ObservedClaim } from '../plan/observed.ts';
import { claimName, path } from '../resource/names.ts';
import type { SlimCache } from '../watch/slim-cache.ts';

/** Creates and removes the claims that keep credentials. */
export function createClaims(dependencies: {
  readonly client: KubernetesClient;
  readonly claims: SlimCache<ObservedClaim>;
}) {
  const { client, claims } = dependencies;
  return {
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
