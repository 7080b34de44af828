// Preloaded by `node --import`: the wall clock of this process is wrong by so many milliseconds, as that of a machine which
// nobody keeps in time. Its monotonic clock is right.
const skewMs = Number(process.env['TEST_CLOCK_SKEW_MS'] ?? 0);
const RightDate = Date;

class SkewedDate extends RightDate {
  constructor(...given: [] | [number | string]) {
    super(given[0] ?? RightDate.now() + skewMs);
  }

  static override now(): number {
    return RightDate.now() + skewMs;
  }
}
globalThis.Date = SkewedDate as DateConstructor;
