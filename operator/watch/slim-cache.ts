/** What every cached object has. */
export interface Cached {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Called after the cache changed; `now` is undefined when the object is gone. */
export type ChangeListener<T> = (key: string, now: T | undefined, before: T | undefined) => void;

/** The newest state known of each object of one kind, cut down to what is read. The key is `<namespace>/<name>`. */
export interface SlimCache<T extends Cached> {
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  readonly size: number;
  /**
   * Takes in the answer of an own write, so that nothing decides on a state older than it.
   * Ignored when the cache already holds something newer, or has seen this uid go.
   */
  absorb(raw: unknown): void;
  /** Takes in that an own delete removed the object at once. */
  absorbGone(key: string, uid: string): void;
  onChange(listener: ChangeListener<T>): void;
}
