/** Whose token it is, in the API server's words. */
export interface PodIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
}

/**
 * Finds out whose token it is. Deleting a pod ends its token within 60 s.
 * @throws {BerthError} it could not be found out at present: nothing is said about the token
 */
export type IdentifyPod = (token: string) => Promise<PodIdentity | 'unauthenticated'>;

/** Longer than any token of a service account; what is longer is not looked at. */
export const tokenLimit = 8_192;
