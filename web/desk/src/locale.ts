/**
 * The desk's own translation, thirty lines instead of a library: texts are typed objects and functions, so a missing
 * or misspelt one fails the build, and nothing is compiled from strings at run time, which the page's policy forbids.
 */
import type { Locale } from '@yikouwen/shared/wire';
import { computed, ref, type ComputedRef, type Ref } from 'vue';

import { en } from './locales/en';
import { zh, type Texts } from './locales/zh';
import { preferences } from './storage';

const KEY = 'yikouwen.desk.locale';
const texts: Record<Locale, Texts> = { zh, en };
const tags: Record<Locale, string> = { zh: 'zh-CN', en: 'en' };

const locale = ref<Locale>(preferences.read(KEY) === 'en' ? 'en' : 'zh');
const t = computed(() => texts[locale.value]);

export function setLocale(next: Locale): void {
  locale.value = next;
  preferences.write(KEY, next);
  document.documentElement.lang = tags[next];
}

/** The language to ask the server for. */
export function languageTag(): string {
  return tags[locale.value];
}

export function useLocale(): { t: ComputedRef<Texts>; locale: Readonly<Ref<Locale>>; toggle: () => void } {
  return { t, locale, toggle: () => setLocale(locale.value === 'zh' ? 'en' : 'zh') };
}

/** Channels are named by configuration, so a name without a text is shown as it is. */
export function channelName(t: Texts, channel: string): string {
  return (t.channels as Record<string, string>)[channel] ?? channel;
}
