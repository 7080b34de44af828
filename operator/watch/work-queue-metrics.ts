/** What a work queue tells, for the workqueue_* metrics by their usual names. None may throw. */
export interface WorkQueueMetrics {
  /** `workqueue_depth`: keys that wait. */
  depth(keys: number): void;
  /** `workqueue_adds_total`. */
  added(): void;
  /** `workqueue_queue_duration_seconds`. */
  waited(seconds: number): void;
  /** `workqueue_work_duration_seconds`. */
  worked(seconds: number): void;
  /** `workqueue_retries_total`. */
  retried(): void;
}

const nothing = () => undefined;
export const noWorkQueueMetrics: WorkQueueMetrics = {
  depth: nothing,
  added: nothing,
  waited: nothing,
  worked: nothing,
  retried: nothing,
};
