// Made from crds/berth.dev_whatsappsessions.yaml by `make generate`; do not edit.

/**
 * One linked WhatsApp device, for which Berth keeps exactly one pod as long as it shall run.
 */
export interface WhatsAppSessionResource {
  /**
   * The version of this schema, berth.dev/v1alpha1.
   */
  apiVersion?: string;
  /**
   * WhatsAppSession.
   */
  kind?: string;
  /**
   * What the session shall be.
   */
  spec: {
    /**
     * The client that speaks to WhatsApp. It cannot be changed, because credentials do not convert.
     */
    engine: 'Baileys' | 'WhatsAppWebJS';
    /**
     * Running keeps a pod; Stopped ends it gracefully; Killed ends it at once. Absent means Running, and is not filled in, so that a manifest without it never undoes a stop or a kill.
     */
    desiredState?: 'Running' | 'Stopped' | 'Killed';
    /**
     * Set it to the present time to ask for one graceful restart.
     */
    restartedAt?: string;
    /**
     * Set it to the present time to have the device unlinked from its phone once; the session then shows a code for the next one.
     */
    loggedOutAt?: string;
    /**
     * The volume that keeps the credentials of the session.
     */
    storage?: {
      /**
       * Storage that the claim requests, as a Kubernetes quantity.
       */
      size?: number | string;
      /**
       * Storage class of the claim; absent means the cluster's default.
       */
      storageClassName?: string;
      /**
       * Access mode of the claim; ReadWriteOncePod where the driver has it.
       */
      accessMode?: 'ReadWriteOnce' | 'ReadWriteOncePod';
      /**
       * A claim in this namespace, which Berth neither makes nor removes. The oldest session that names it has it; others are Failed (ClaimInUse).
       */
      existingClaim?: string;
      /**
       * What becomes of the claim that Berth has made.
       */
      retention?: {
        /**
         * Delete removes the claim with the credentials once the session is deleted and its last run confirmed dead, unless another session names it as existingClaim; Retain keeps it for a session of the same name.
         */
        whenDeleted?: 'Delete' | 'Retain';
      };
    };
    /**
     * How long a start may take before it counts as stuck.
     */
    startup?: {
      /**
       * Seconds from the container's start to the pod's first report; a longer silence ends the run as start_timeout.
       */
      timeoutSeconds?: number;
      /**
       * Seconds from the pod's creation to its container's start; then the session is Stuck (StartBlocked), and nothing is killed.
       */
      scheduleSeconds?: number;
    };
    /**
     * How a device is linked.
     */
    pairing?: {
      /**
       * QRCode shows a code to scan, PairingCode one to type in on the phone. A change restarts the session gracefully.
       */
      method?: 'QRCode' | 'PairingCode';
      /**
       * The phone to be linked, as +, country code and number.
       */
      phoneNumber?: string;
      /**
       * Seconds that a code waits before the run ends as pairing_timeout, and the session stays down until somebody starts it; 0 means no limit.
       */
      timeoutSeconds?: number;
    };
    /**
     * What is done about a run that is stuck or ended by itself.
     */
    recovery?: {
      /**
       * Restart ends a stuck run and starts another, within maxRestarts; Stop ends it and leaves the session down; None only marks it as Stuck.
       */
      policy?: 'Restart' | 'Stop' | 'None';
      /**
       * Seconds that a run may be authenticated and yet not ready.
       */
      authenticatedSeconds?: number;
      /**
       * Seconds that the readiness probe of a ready run may fail.
       */
      unresponsiveSeconds?: number;
      /**
       * How many lost connections within a window are a loop.
       */
      reconnects?: {
        /**
         * Lost connections within the window that are still no loop.
         */
        max?: number;
        /**
         * Length of the window in seconds.
         */
        windowSeconds?: number;
      };
      /**
       * Restarts in a row before the session is Failed (RecoveryExhausted); healthySeconds of being ready refill the budget.
       */
      maxRestarts?: number;
      /**
       * The wait before the next run doubles from baseSeconds to maxSeconds, with full jitter.
       */
      backoff?: {
        /**
         * Upper bound of the first wait, in seconds.
         */
        baseSeconds?: number;
        /**
         * Upper bound of every wait, in seconds.
         */
        maxSeconds?: number;
      };
      /**
       * Seconds of being ready after which the budget of restarts is full again, and the next wait begins at baseSeconds.
       */
      healthySeconds?: number;
    };
    /**
     * How a run is ended gracefully.
     */
    termination?: {
      /**
       * Seconds that a graceful stop may take before the pod is deleted with grace period 0.
       */
      gracePeriodSeconds?: number;
    };
    /**
     * What another image or other defaults of the operator do to a run: OnNextStart, or nothing, leaves it alone; Paced restarts the session gracefully, a few at a time.
     */
    rollout?: 'OnNextStart' | 'Paced';
    /**
     * Receivers of this session's events.
     *
     * Items: One receiver.
     */
    webhooks?: {
      /**
       * Where events are posted, without a user or password in it.
       */
      url: string;
      /**
       * The kinds of events that are posted; session_end is the end of a run.
       *
       * Items: A kind of event.
       */
      events: 'session_end'[];
      /**
       * The key of a Secret in the session's namespace that signs posts by the Standard Webhooks scheme; without it the operator's own key does.
       */
      secretRef?: {
        /**
         * Name of the Secret.
         */
        name: string;
        /**
         * Key in the Secret; its value is the secret, raw or as whsec_ and base64.
         */
        key: string;
      };
    }[];
    /**
     * The way to WhatsApp. A change restarts the session gracefully.
     */
    proxy?: {
      /**
       * The key of a Secret in the session's namespace that holds the URL, read when a run starts.
       */
      secretRef: {
        /**
         * Name of the Secret.
         */
        name: string;
        /**
         * Key in the Secret; its value is an http, https or socks5 URL.
         */
        key: string;
      };
    };
    /**
     * Settings of the session's pod. A change restarts the session gracefully.
     */
    pod?: {
      /**
       * Requests and limits of the container; absent means the engine's default.
       */
      resources?: {
        /**
         * What the scheduler reserves.
         */
        requests?: {
          /**
           * A Kubernetes quantity.
           */
          [k: string]: number | string;
        };
        /**
         * What the container may not exceed.
         */
        limits?: {
          /**
           * A Kubernetes quantity.
           */
          [k: string]: number | string;
        };
      };
      /**
       * Labels that a node must have.
       */
      nodeSelector?: {
        /**
         * The label's value.
         */
        [k: string]: string;
      };
      /**
       * Taints that the pod tolerates.
       *
       * Items: A toleration, as in core/v1.
       */
      tolerations?: {
        /**
         * Key of the taint.
         */
        key?: string;
        /**
         * How key and value are compared.
         */
        operator?: 'Exists' | 'Equal';
        /**
         * Value of the taint.
         */
        value?: string;
        /**
         * Effect of the taint.
         */
        effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
        /**
         * Seconds that a NoExecute taint is tolerated.
         */
        tolerationSeconds?: number;
      }[];
      /**
       * Labels of the pod beside Berth's own.
       */
      labels?: {
        /**
         * The label's value.
         */
        [k: string]: string;
      };
      /**
       * Annotations of the pod beside Berth's own.
       */
      annotations?: {
        /**
         * The annotation's value.
         */
        [k: string]: string;
      };
      /**
       * Priority class of the pod, one that the operator's configuration allows.
       */
      priorityClassName?: string;
      /**
       * Runtime class of the pod, one that the operator's configuration allows.
       */
      runtimeClassName?: string;
      /**
       * Secrets with which the image is pulled.
       *
       * Items: A Secret in the session's namespace.
       */
      imagePullSecrets?: {
        /**
         * Name of the Secret.
         */
        name: string;
      }[];
    };
  };
  /**
   * What was observed. Written by the operator alone.
   */
  status?: {
    /**
     * The generation of the spec that this status answers.
     */
    observedGeneration?: number;
    /**
     * A word for people, derived from the conditions.
     */
    phase?:
      | 'Pending'
      | 'Starting'
      | 'WaitingForPairing'
      | 'Connecting'
      | 'Ready'
      | 'Reconnecting'
      | 'Terminating'
      | 'Stopped'
      | 'Failed';
    /**
     * The truth about the session, each with a reason and a message that says what to do.
     *
     * Items: A condition, as in meta/v1.
     */
    conditions?: {
      /**
       * Ready, Stuck, Paired or WebhooksReady.
       */
      type: string;
      /**
       * True, False or Unknown.
       */
      status: 'True' | 'False' | 'Unknown';
      /**
       * The generation that the condition was judged for.
       */
      observedGeneration?: number;
      /**
       * When the status last changed.
       */
      lastTransitionTime: string;
      /**
       * A word for programs.
       */
      reason: string;
      /**
       * A sentence for people.
       */
      message: string;
    }[];
    /**
     * The present run, one incarnation of the pod.
     */
    run?: {
      /**
       * Uid of the pod.
       */
      uid: string;
      /**
       * Counts the runs of the session, from 1.
       */
      number: number;
      /**
       * The node that the pod is on.
       */
      node?: string;
      /**
       * The start of that machine in which the container runs.
       */
      bootId?: string;
      /**
       * When the pod was created.
       */
      startedAt?: string;
      /**
       * Written before the run is ended, so that its reason survives a restart of the operator.
       */
      ending?: {
        /**
         * Why the run is ended.
         */
        reason:
          | 'stopped'
          | 'restarted'
          | 'force_killed'
          | 'stuck'
          | 'start_timeout'
          | 'pairing_timeout'
          | 'logged_out'
          | 'replaced'
          | 'auth_failure'
          | 'banned'
          | 'crashed'
          | 'out_of_memory'
          | 'evicted'
          | 'node_lost'
          | 'pod_deleted'
          | 'deleted'
          | 'spec_changed'
          | 'shutdown'
          | 'unknown';
        /**
         * When the end was decided.
         */
        since: string;
        /**
         * Until then the pod may end by itself; absent for a force-kill.
         */
        deadline?: string;
        /**
         * Whether WhatsApp is asked to unlink the device.
         */
        logout?: boolean;
      };
    };
    /**
     * What the pod of the run last told.
     */
    report?: {
      /**
       * The run that told it.
       */
      runUid: string;
      /**
       * Number of the report within its run.
       */
      sequence: number;
      /**
       * What the engine is doing.
       */
      state: 'connecting' | 'waiting_for_pairing' | 'authenticated' | 'ready' | 'reconnecting' | 'stopping';
      /**
       * Since when it does.
       */
      stateSince?: string;
      /**
       * When the run was first ready.
       */
      readyAt?: string;
      /**
       * How often the run lost its connection.
       */
      reconnects?: number;
      /**
       * How often it did within spec.recovery.reconnects.windowSeconds before this report.
       */
      recentReconnects?: number;
      /**
       * Digest of the certificate of the pod's API, which the operator pins.
       */
      certificateSha256?: string;
      /**
       * What the engine last heard or failed at.
       */
      message?: string;
      /**
       * The linked account.
       */
      account?: {
        /**
         * WhatsApp's id of the account.
         */
        id: string;
        /**
         * The name that the account shows.
         */
        pushName?: string;
      };
    };
    /**
     * Runs that were started again after they ended by themselves.
     */
    recovery?: {
      /**
       * Restarts since the session was last ready for healthySeconds, or started by somebody.
       */
      restarts: number;
      /**
       * The next run starts then, not before.
       */
      nextRestartAt?: string;
      /**
       * Why no run is started until somebody stops and starts the session or sets restartedAt. The budget of restarts is used up (exhausted), the recovery policy is Stop (policy), or else the reason of the last end.
       */
      held?: 'replaced' | 'banned' | 'auth_failure' | 'pairing_timeout' | 'policy' | 'exhausted';
    };
    /**
     * The end of the run before the present one.
     */
    lastEnd?: {
      /**
       * Uid of the run that ended.
       */
      runUid: string;
      /**
       * Number of the run that ended.
       */
      number?: number;
      /**
       * Why it ended.
       */
      reason:
        | 'stopped'
        | 'restarted'
        | 'force_killed'
        | 'stuck'
        | 'start_timeout'
        | 'pairing_timeout'
        | 'logged_out'
        | 'replaced'
        | 'auth_failure'
        | 'banned'
        | 'crashed'
        | 'out_of_memory'
        | 'evicted'
        | 'node_lost'
        | 'pod_deleted'
        | 'deleted'
        | 'spec_changed'
        | 'shutdown'
        | 'unknown';
      /**
       * When it ended.
       */
      at: string;
      /**
       * Name of its SessionEnd.
       */
      sessionEnd?: string;
      /**
       * What spec.restartedAt was when the run started.
       */
      restartedAt?: string;
      /**
       * Whether the kubelet reported its containers as terminated.
       */
      terminationConfirmed?: boolean;
      /**
       * When the last run ended whose death nobody confirmed; for 15 minutes a client that takes over may be its process.
       */
      unconfirmedAt?: string;
    };
  };
}
