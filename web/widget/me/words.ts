import type { ChannelType, Locale } from '@yikouwen/shared/wire';

import { en } from './locales/en';
import { zh, type Texts } from './locales/zh';

export type TextKey = keyof Texts;
export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;

const texts: Record<Locale, Texts> = { zh, en };

export function translator(locale: Locale): Translate {
  return (key, values = {}) =>
    texts[locale][key].replace(/\{(\w+)\}/g, (mark, name: string) => String(values[name] ?? mark));
}

/** What was chosen in the widget or here wins, then what the browser prefers. */
export function pageLocale(chosen: string | null, preferred: readonly string[]): Locale {
  if (chosen === 'zh' || chosen === 'en') return chosen;
  const first = preferred[0]?.toLowerCase() ?? 'zh';
  return first.startsWith('zh') ? 'zh' : 'en';
}

/** The channel of a login; another site's page is named, so that nobody joins a page he is not on. */
export function channelOf(t: Translate, { type, origin }: { type: ChannelType; origin?: string | null }): string {
  const name = channelName(t, type);
  if (type !== 'web' || origin === undefined || origin === null || origin === location.origin) return name;
  return t('channelOn', { channel: name, host: origin.replace(/^https?:\/\//, '') });
}

export function channelName(t: Translate, type: ChannelType): string {
  const key = `channel_${type}`;
  // A channel that a newer server has and this page does not know.
  return key in zh ? t(key as TextKey) : t('channel_http');
}
