import type { Person } from '@yikouwen/shared/assist/wire';

import { en } from './locales/en';
import { zh, type Texts } from './locales/zh';

export type Words = (key: keyof Texts, fill?: Record<string, string | number>) => string;

/** Follows the language of the page it is on. */
export function words(language = document.documentElement.lang): Words {
  const texts = /^en\b/i.test(language) ? en : zh;
  return (key, fill = {}) => texts[key].replace(/\{(\w+)\}/g, (mark, name: string) => String(fill[name] ?? mark));
}

export function nameOf(helper: Person | undefined, t: Words): string {
  if (!helper?.name) return t('staff');
  return helper.no && helper.no !== helper.name ? t('staffNumbered', { name: helper.name, no: helper.no }) : t('staffNamed', { name: helper.name });
}
