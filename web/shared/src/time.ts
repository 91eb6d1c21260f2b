import type { Instant, Locale } from './wire';

/** Everybody here lives by Beijing time, whatever the device believes. */
const timeZone = 'Asia/Shanghai';
const tags: Record<Locale, string> = { zh: 'zh-CN', en: 'en-GB' };

function format(at: Instant, locale: Locale, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  return new Intl.DateTimeFormat(tags[locale], { timeZone, ...options }).format(date);
}

export function clockTime(at: Instant, locale: Locale): string {
  return format(at, locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

export function dateTime(at: Instant, locale: Locale): string {
  return format(at, locale, {
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
}

/** A key that is equal for moments on the same day in Beijing. */
export function dayKey(at: Instant): string {
  return format(at, 'en', { year: 'numeric', month: '2-digit', day: '2-digit' });
}

export function longDate(at: Instant, locale: Locale): string {
  return format(at, locale, { year: 'numeric', month: 'long', day: 'numeric' });
}
