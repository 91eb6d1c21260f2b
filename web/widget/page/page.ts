import { fetchWhenShared } from '@yikouwen/shared/assist/fetch';

import type { Preferences } from '../src/element';
import { en } from './en';

/** Follows the widget: when the citizen changes its language or its type, the page around it changes with it. */
document.addEventListener('yikouwen:preferences', (event) => {
  const { locale, large } = (event as CustomEvent<Preferences>).detail;
  document.documentElement.classList.toggle('large', large);
  document.documentElement.lang = locale === 'zh' ? 'zh-CN' : 'en';
  const words = (key: string, chinese: string): string => (locale === 'en' ? (en[key] ?? chinese) : chinese);
  document.title = words('title', chineseTitle);
  for (const [element, key, chinese] of labelled) element.setAttribute('aria-label', words(key, chinese));
  for (const [element, key, chinese] of written) element.textContent = words(key, chinese);
});

fetchWhenShared('chat', 'assist.js');

// The page's own Chinese words are kept before anything replaces them.
const chineseTitle = document.title;
const written = collect('data-t', (element) => element.textContent);
const labelled = collect('data-t-label', (element) => element.getAttribute('aria-label') ?? '');

function collect(attribute: string, read: (element: Element) => string): [Element, string, string][] {
  return Array.from(document.querySelectorAll(`[${attribute}]`), (element) => [
    element,
    element.getAttribute(attribute) ?? '',
    read(element),
  ]);
}
