import { type Claimant, claimOf, holderOf } from '../plan/claim-use.ts';
import type { ObservedPod, ObservedSession } from '../plan/observed.ts';
import { namespaceAndName, type SessionKey, sessionKey } from '../resource/names.ts';
import type { Caches } from './caches.ts';

/** Finds who else names the claim of a session, and who of them has it. */
export interface ClaimHolders {
  /** Name of the other session that has the claim; undefined when nothing stands against the session's use of it. */
  holderBeside(session: ObservedSession): string | undefined;
  /** Names of the other sessions, or of pods that are left of some, that name the same claim. */
  rivals(session: ObservedSession): readonly string[];
}

/** `<namespace>/<name>` of a claim. */
type ClaimKey = string;

/**
 * Keeps the index current from the caches' changes; it must be made before they are filled.
 * @param onHolderChange called with each session that names a claim which somebody else has now
 */
export function indexClaimHolders(
  { sessions, pods }: Pick<Caches, 'sessions' | 'pods'>,
  onHolderChange: (key: SessionKey) => void,
): ClaimHolders {
  const namedBy = new Map<ClaimKey, Set<SessionKey>>();
  const holders = new Map<ClaimKey, SessionKey>();

  /** The session under a key, if it names the claim, and the pod under it, if it mounts it. */
  function usersOf(claim: ClaimKey, key: SessionKey) {
    const [session, pod] = [sessions.get(key), pods.get(key)];
    return {
      session: session !== undefined && ofSession(session) === claim ? session : undefined,
      pod: pod !== undefined && ofPod(pod) === claim ? pod : undefined,
    };
  }

  function claimantOf(claim: ClaimKey, key: SessionKey): Claimant {
    const { session, pod } = usersOf(claim, key);
    return {
      name: namespaceAndName(key).name,
      uid: session?.uid ?? pod?.sessionUid ?? '',
      createdAtMs: session?.createdAtMs ?? pod?.createdAtMs ?? 0,
      hasRun: pod !== undefined || session?.status.run !== undefined,
    };
  }

  function take(claim: ClaimKey, key: SessionKey): void {
    const keys = namedBy.get(claim) ?? new Set<SessionKey>();
    const { session, pod } = usersOf(claim, key);
    if (session !== undefined || pod !== undefined) namedBy.set(claim, keys.add(key));
    else if (keys.delete(key) && keys.size === 0) namedBy.delete(claim);
    judge(claim, keys);
  }

  /** Nearly every claim is named by one session alone: then there is nothing to compare. */
  function judge(claim: ClaimKey, keys: ReadonlySet<SessionKey>): void {
    const [first] = keys;
    const before = holders.get(claim);
    if (first === undefined) {
      holders.delete(claim);
      return;
    }
    const { namespace } = namespaceAndName(first);
    const name = keys.size === 1 ? undefined : holderOf([...keys].map((key) => claimantOf(claim, key)))?.name;
    const now = name === undefined ? first : sessionKey(namespace, name);
    holders.set(claim, now);
    if (before !== undefined && before !== now) for (const key of keys) onHolderChange(key);
  }

  function follow<T>(claimKeyOf: (object: T) => ClaimKey | undefined) {
    return (key: SessionKey, now: T | undefined, before: T | undefined) => {
      const claims = [now, before].map((object) => object && claimKeyOf(object));
      for (const claim of new Set(claims)) if (claim !== undefined) take(claim, key);
    };
  }
  sessions.onChange(follow(ofSession));
  pods.onChange(follow(ofPod));

  return {
    holderBeside(session) {
      const holder = holders.get(ofSession(session));
      if (holder === undefined) return undefined;
      const { name } = namespaceAndName(holder);
      return name === session.name ? undefined : name;
    },
    rivals(session) {
      const keys = namedBy.get(ofSession(session));
      if (keys === undefined || keys.size === 1) return [];
      return [...keys].map((key) => namespaceAndName(key).name).filter((name) => name !== session.name);
    },
  };
}

const ofSession = (session: ObservedSession): ClaimKey => `${session.namespace}/${claimOf(session)}`;
/** A pod with our label that belongs to no session is none of our business. */
const ofPod = ({ namespace, sessionUid, claim }: ObservedPod): ClaimKey | undefined =>
  sessionUid === undefined || claim === undefined ? undefined : `${namespace}/${claim}`;
