export interface BackoffOptions {
  first?: number;
  most?: number;
  random?: () => number;
}

/** Growing pauses between attempts, with jitter so that a restarted server is not met by everybody at once. */
export class Backoff {
  private attempts = 0;
  private readonly first: number;
  private readonly most: number;
  private readonly random: () => number;

  constructor({ first = 500, most = 15_000, random = Math.random }: BackoffOptions = {}) {
    this.first = first;
    this.most = most;
    this.random = random;
  }

  /** Milliseconds to wait before the next attempt: between half and all of the doubled step. */
  next(): number {
    const step = Math.min(this.most, this.first * 2 ** this.attempts);
    this.attempts = Math.min(this.attempts + 1, 30);
    return Math.max(this.first, Math.round(step * (0.5 + this.random() / 2)));
  }

  reset(): void {
    this.attempts = 0;
  }
}
