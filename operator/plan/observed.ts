import type { EndReason } from '@berth/protocol';
import type { Sink } from '../resource/session-end.ts';
import type { Engine, WhatsAppSessionSpec, WhatsAppSessionStatus } from '../resource/whatsapp-session.ts';

/** All that is known of one session key at one moment: the only input of `plan()`. Times are milliseconds since the epoch. */
export interface Observed {
  readonly namespace: string;
  /** Name of the session and of its pod. */
  readonly name: string;
  /** The API server's clock. */
  readonly nowMs: number;
  readonly config: PlanConfig;
  readonly session?: ObservedSession;
  readonly pod?: ObservedPod;
  /** Since when this leader has seen the run in what it is in the middle of (`symptomOf`), by the API server's clock. */
  readonly symptomSinceMs?: number;
  /** Not when it was found by a read alone, because its label was taken off: no watch tells what becomes of it. */
  readonly podIsWatched: boolean;
  /** The node that `pod` is bound to; undefined while it has none. */
  readonly node?: ObservedNode;
  /** The API server says just now that this pod is there, although the status says that its run is over: somebody brought it back. */
  readonly podIsRevenant?: boolean;
  /** The record of the end of the run at hand: of `pod`, or where there is none, of the run that the status knows. */
  readonly sessionEnd?: ObservedSessionEnd;
  /** Why the record of that end is refused, as long as it is. */
  readonly endRefusal?: string;
  /** The claim under the session's own name, if it is Berth's, by its label. */
  readonly claim?: ObservedClaim;
  /** Name of another session that has the claim which this one names; absent when nothing stands against its use. */
  readonly claimHolder?: string;
  /** Whether another session, or the pod that is left of one, names the same claim. */
  readonly claimIsShared: boolean;
  /** Berth is being uninstalled: nothing starts, every run ends, sessions are let go. */
  readonly draining: boolean;
  /** Too many other sessions start or are renewed now: this one is told when it is its turn. */
  readonly waitsForTurn: boolean;
  /** Webhook keys that do not exist, as `secret/key`, in the order of the spec. */
  readonly missingSecrets: readonly string[];
  /** Ends of this session that a sink has not taken yet. */
  readonly undelivered?: { readonly count: number; readonly lastError?: string };
}

/** What the operator's configuration decides. */
export interface PlanConfig {
  /** URLs of the sinks that hear of every end, whatever its session says. */
  readonly clusterSinks: readonly string[];
  /** Milliseconds that a dead run's pod is kept for its sinks to answer. */
  readonly drainMs: number;
  /** Milliseconds until the next run after one whose death the kubelet did not confirm. */
  readonly unconfirmedWaitMs: number;
  /** Milliseconds that a node must be lost before the runs on it are presumed dead. */
  readonly fenceMs: number;
  readonly operatorNamespace: string;
  /** `https://<service>.<namespace>.svc:8443` */
  readonly operatorUrl: string;
  readonly images: Readonly<Record<Engine, string>>;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** Environment of every session pod. */
  readonly sessionEnv: Readonly<Record<string, string>>;
  readonly resources: Readonly<Record<Engine, Resources>>;
  readonly browser: BrowserConfig;
  /** Classes that sessions may name for their pods. */
  readonly allowedPriorityClasses: readonly string[];
  readonly allowedRuntimeClasses: readonly string[];
}

/** How sessions with a browser run it. */
export interface BrowserConfig {
  /** Whether Chromium's own sandbox is on, for which every node needs the seccomp profile. */
  readonly sandbox: boolean;
  /** Of /dev/shm, as a Kubernetes quantity. */
  readonly shmSize: string;
  /** Its path below the kubelet's seccomp folder. */
  readonly seccompProfile: string;
  /** The language that its page is asked for in, as `en-US`. */
  readonly locale: string;
  /** What it calls itself; empty: what the browser of the image is. */
  readonly userAgent: string;
}

export interface Resources {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
}

export interface ObservedSession {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** Whole seconds. */
  readonly createdAtMs: number;
  readonly deletionRequested: boolean;
  /** When it was asked to go, by the API server's clock. */
  readonly deletionAtMs?: number;
  readonly hasFinalizer: boolean;
  /** Finalizers of others, to be kept. */
  readonly otherFinalizers: readonly string[];
  readonly spec: WhatsAppSessionSpec;
  readonly status: WhatsAppSessionStatus;
}

export interface ObservedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly createdAtMs: number;
  readonly deletionRequested: boolean;
  /** When its grace is over, by the API server's clock. */
  readonly deletionAtMs?: number;
  /** The shortest grace that a deletion asked for so far; the kubelet may still be serving an earlier, longer one. */
  readonly deletionGraceSeconds?: number;
  readonly hasFinalizer: boolean;
  /** Finalizers of others, to be kept. */
  readonly otherFinalizers: readonly string[];
  /** Whose pod it is: by its owner, or where that was stripped, by its annotation. Undefined: not a session's. */
  readonly sessionUid?: string;
  readonly runNumber?: number;
  readonly engine?: string;
  readonly sinks: readonly Sink[];
  readonly specHash?: string;
  /** Hash of what the operator put into it when the run started: its image and defaults. */
  readonly templateHash?: string;
  /** `spec.restartedAt` when the run started. */
  readonly restartedAt?: string;
  /** Name of the claim that it mounts as the session's volume. */
  readonly claim?: string;
  readonly nodeName?: string;
  readonly podIp?: string;
  readonly phase: string;
  /** The readiness probe's word, and since when it says so. */
  readonly ready: boolean;
  readonly readyChangedAtMs?: number;
  /** Evicted, preempted or tainted away: the condition DisruptionTarget. */
  readonly disrupted: boolean;
  /** Why no node was found, in the scheduler's words. */
  readonly unschedulable?: string;
  readonly container: ObservedContainer;
}

/** The container `session`, as the kubelet reports it; `absent` until it reports anything. */
export type ObservedContainer =
  | { readonly state: 'absent' }
  | { readonly state: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly state: 'running'; readonly startedAtMs: number }
  | {
      readonly state: 'terminated';
      readonly reason: string;
      /** The termination message: LastWords as JSON, if the pod had time to write them. */
      readonly message: string;
      readonly exitCode: number;
      readonly signal?: number;
      /** Absent when the kubelet never saw the container. */
      readonly finishedAtMs?: number;
    };

/** A node, as far as it tells whether the processes on it can still be reached. */
export interface ObservedNode {
  readonly name: string;
  /** Whether its object is there. That it is gone kills nothing, and proves nothing. */
  readonly exists: boolean;
  /** The condition Ready is True; Unknown is not. */
  readonly ready: boolean;
  /** When that last changed, by the clock of the node or of the node controller. */
  readonly readyChangedAtMs?: number;
  /** Since when this leader has seen it as not ready or gone, without a break; absent while it is ready. */
  readonly lostSeenAtMs?: number;
  /** Somebody declared that the machine is shut down: the taint node.kubernetes.io/out-of-service. */
  readonly outOfService: boolean;
  /** Another one after each start of the machine. */
  readonly bootId?: string;
}

export interface ObservedSessionEnd {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly sessionKey: string;
  /** Absent in what is known of an end that no namespace takes. */
  readonly sessionUid?: string;
  readonly runUid: string;
  readonly runNumber?: number;
  readonly reason: EndReason;
  readonly createdAtMs: number;
  readonly endedAt: string;
  readonly readyAt?: string;
  readonly terminationConfirmed: boolean;
  /** Nothing is left to deliver: every sink has it or was given up, or there is none. */
  readonly settled: boolean;
  /** A sink did not take it within 24 hours, and nothing is tried any more. */
  readonly isGivenUp?: boolean;
  /** No namespace took the record until its deadline: this stands for it, from memory. */
  readonly isLost?: boolean;
  /** Somebody asked for another try of what was given up. */
  readonly replayRequested?: boolean;
  /** Our finalizer is on it: it is not delivered yet, or not let go yet. */
  readonly hasFinalizer: boolean;
  readonly lastError?: string;
}

export interface ObservedClaim {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly deletionRequested: boolean;
}
