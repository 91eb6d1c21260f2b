/** Fetches assist.js for a page of ours, once the citizen wants to share it and not before: hardly anybody ever does. */
import type { OwnPage } from '../sharelink';
import { kept } from './kept';

const EVENT = 'yikouwen:share';

/** `src`: where assist.js is. */
export function fetchWhenShared(page: OwnPage, src: string): void {
  // In a frame the script does nothing, and the link opens as links do.
  if (window.top !== window) return;
  let asked: object | undefined;
  let isFetching = false;
  const fetchIt = (): void => {
    isFetching = true;
    const script = document.createElement('script');
    script.src = src;
    script.dataset['page'] = page;
    script.onload = () => {
      window.removeEventListener(EVENT, onShare);
      // What it was fetched for. A browser that is too old to run it leaves the link to its own page, which says so.
      if (asked && !window.dispatchEvent(new CustomEvent(EVENT, { detail: asked, cancelable: true }))) return;
      if (asked) openLink(asked);
    };
    script.onerror = () => {
      script.remove();
      isFetching = false;
      if (asked) openLink(asked);
      asked = undefined;
    };
    document.head.append(script);
  };
  const openLink = ({ id, key }: { id?: unknown; key?: unknown }): void => {
    if (typeof id === 'string' && typeof key === 'string') location.assign(new URL(`s/${id}#k=${key}&at=${page}`, new URL(src, location.href)));
  };
  const onShare = (event: Event): void => {
    const { detail } = event as CustomEvent<{ page?: unknown } | null>;
    if (detail?.page !== page) return;
    event.preventDefault();
    asked = detail;
    if (!isFetching) fetchIt();
  };
  window.addEventListener(EVENT, onShare);
  if (location.hash.startsWith('#share=') || kept(page)) fetchIt();
}
