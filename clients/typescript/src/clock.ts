// How far the device's clock is from the service's, by what replies say. Each reply is a sample (RFC 5905's offset, with the server's time in
// the middle of the exchange); the best one of late counts, until the device's clock is set.

export interface Skew {
  /** What to add to `Date.now()` to have the service's time. */
  ms: number;
  /** The true value is within this of `ms`. */
  uncertaintyMs: number;
  /** `Date.now()` of the sample. */
  measuredAt: number;
}

// After this a worse sample replaces a better one, since clocks drift.
const keepsMs = 3_600_000;

export class Clock {
  private best: Skew | undefined;
  private steady = 0;

  /** `steadyNow` does not jump when somebody sets the clock. */
  constructor(
    private readonly now: () => number = Date.now,
    private readonly steadyNow: () => number = () =>
      typeof performance === 'undefined' ? Date.now() : performance.now(),
  ) {}

  /** Undefined until a reply said a time. `Date` of a reply is readable in a page of another origin only where the service exposes it. */
  get skew(): Skew | undefined {
    return this.best;
  }

  /** The service's time as far as it is known: for people, never for deciding about a sale. */
  serverNow(): number {
    return this.now() + (this.best?.ms ?? 0);
  }

  /** `serverTime` is exact to `resolutionMs`; the request left at `sentAt` and its reply came at `arrivedAt` (`Date.now()`). */
  sample(serverTime: number, sentAt: number, arrivedAt: number, resolutionMs: number): void {
    if (!Number.isFinite(serverTime) || arrivedAt < sentAt) return;
    const uncertaintyMs = (arrivedAt - sentAt) / 2 + resolutionMs / 2;
    const ms = Math.round(serverTime + resolutionMs / 2 - (sentAt + arrivedAt) / 2);
    const steady = this.steadyNow();
    const { best } = this;
    if (best) {
      const wasSet = Math.abs(arrivedAt - best.measuredAt - (steady - this.steady)) > 1_000;
      const disagrees = Math.abs(ms - best.ms) > uncertaintyMs + best.uncertaintyMs;
      if (!wasSet && !disagrees && uncertaintyMs >= best.uncertaintyMs && steady - this.steady < keepsMs) return;
    }
    this.best = { ms, uncertaintyMs: Math.ceil(uncertaintyMs), measuredAt: arrivedAt };
    this.steady = steady;
  }
}
