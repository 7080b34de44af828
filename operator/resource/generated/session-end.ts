// Made from crds/berth.dev_sessionends.yaml by `make generate`; do not edit.

/**
 * The durable record of the end of one run, and the outbox from which its session_end is delivered. Its name is <session>-<run uid>, so one run has one record.
 */
export interface SessionEndResource {
  /**
   * The version of this schema, berth.dev/v1alpha1.
   */
  apiVersion?: string;
  /**
   * SessionEnd.
   */
  kind?: string;
  /**
   * What ended, and why. It never changes.
   */
  spec: {
    /**
     * The session of the run.
     */
    session: {
      /**
       * Namespace of the session, which is not that of this object when the session's namespace was being deleted.
       */
      namespace: string;
      /**
       * Name of the session.
       */
      name: string;
      /**
       * Uid of the session.
       */
      uid: string;
    };
    /**
     * The run that ended.
     */
    run: {
      /**
       * Uid of its pod.
       */
      uid: string;
      /**
       * Number of the run within the session, from 1.
       */
      number?: number;
    };
    /**
     * The engine of the session.
     */
    engine: string;
    /**
     * The linked account, if it was known.
     */
    account?: {
      /**
       * WhatsApp's id of the account.
       */
      id: string;
    };
    /**
     * Why the run ended.
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
     * The reason in a sentence.
     */
    message: string;
    /**
     * Exit code of the container.
     */
    exitCode?: number;
    /**
     * Signal that ended the container, if one did.
     */
    signal?: number;
    /**
     * When the pod was created.
     */
    startedAt?: string;
    /**
     * When the run was first ready, if it ever was.
     */
    readyAt?: string;
    /**
     * When its container ended.
     */
    endedAt: string;
    /**
     * Whether the kubelet reported the container as terminated; false when a node was lost or the pod's object was removed by force.
     */
    terminationConfirmed: boolean;
    /**
     * Who asked for the end over the API, if anybody did.
     */
    requestedBy?: string;
    /**
     * Who wants to hear of it, as the session and the operator's configuration named them when the run ended.
     *
     * Items: A receiver.
     */
    sinks?: {
      /**
       * Where the event is posted.
       */
      url: string;
      /**
       * Whether it is a sink of the whole cluster; then the operator's configuration says with which key it is signed to.
       */
      cluster?: boolean;
      /**
       * The key of a Secret in the session's namespace with which the post is signed.
       */
      secretRef?: {
        /**
         * Name of the Secret.
         */
        name: string;
        /**
         * Key in the Secret.
         */
        key: string;
      };
    }[];
  };
  /**
   * How far the delivery is.
   */
  status?: {
    /**
     * True once every sink has it, False while one has not, GivenUp when a sink did not take it within 24 hours.
     */
    delivered?: 'True' | 'False' | 'GivenUp';
    /**
     * When the annotation berth.dev/replay last made it be tried again.
     */
    replayedAt?: string;
    /**
     * When the next attempt is made.
     */
    nextAttemptAt?: string;
    /**
     * The delivery to each sink.
     *
     * Items: The delivery to one sink.
     */
    deliveries?: {
      /**
       * The sink's URL.
       */
      sink: string;
      /**
       * How often it was tried.
       */
      attempts: number;
      /**
       * Why the last attempt failed, without a body.
       */
      lastError?: string;
      /**
       * When it was last tried.
       */
      lastAttemptAt?: string;
      /**
       * True when the key that the sink names was gone, so that the operator's own key signed the last attempt.
       */
      signedByOperator?: boolean;
      /**
       * When the sink took it.
       */
      deliveredAt?: string;
    }[];
  };
}
