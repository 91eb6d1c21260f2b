import type { QueueItem } from '@yikouwen/shared/wire';

import type { Texts } from './locales/zh';

export type Patience = 'fresh' | 'waiting' | 'late';

/** Seconds from which a wait is worth a look, and from which it is too long. */
const WAITING = 60;
const LATE = 180;

export function patienceOf(seconds: number): Patience {
  if (seconds >= LATE) return 'late';
  return seconds >= WAITING ? 'waiting' : 'fresh';
}

export function formatWaiting(seconds: number, t: Texts): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  if (whole < 60) return t.duration.seconds(whole);
  if (whole < 3600) return t.duration.minutes(Math.floor(whole / 60), whole % 60);
  return t.duration.hours(Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
}

/**
 * How long somebody has waited now. It counts on from the server's figure with the time passed here since, because
 * this computer's idea of the time of day may be minutes off. Both moments are milliseconds of one local clock.
 */
export function waitedNow(item: Pick<QueueItem, 'waiting_seconds'>, receivedAt: number, now: number): number {
  return item.waiting_seconds + Math.max(0, now - receivedAt) / 1000;
}
