import type { Locale } from '@yikouwen/shared/wire';

import { en } from './locales/en';
import { zh, type Texts } from './locales/zh';

export type TextKey = keyof Texts;
export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;

const texts: Record<Locale, Texts> = { zh, en };

export function translator(locale: Locale): Translate {
  return (key, values = {}) =>
    texts[locale][key].replace(/\{(\w+)\}/g, (mark, name: string) => String(values[name] ?? mark));
}

function understood(tag: string | null | undefined): Locale | undefined {
  const language = tag?.toLowerCase() ?? '';
  if (language.startsWith('zh')) return 'zh';
  return language === '' ? undefined : 'en';
}

/** What the citizen chose wins, then what the page says, then what the device prefers. */
export function chooseLocale(chosen: string | null, attribute: string | null): Locale {
  return (
    understood(chosen) ??
    understood(attribute) ??
    understood(document.documentElement.lang) ??
    understood(navigator.language) ??
    'zh'
  );
}
