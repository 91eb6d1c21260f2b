/** A link to a shared page, as it comes in a message. */
import { SHARE_LINK, type OwnPage } from '@yikouwen/shared/sharelink';

export interface ShareLink {
  id: string;
  key: string;
  /** Which of the citizen's own pages it is for; absent for a form. */
  page: OwnPage | undefined;
  href: string;
  /** The message without the link, which is shown as a button. */
  rest: string;
}

/** Only a link of the server that this chat belongs to: another's would only look like one. */
export function shareIn(text: string, server: URL): ShareLink | undefined {
  const [href, id, key, page] = SHARE_LINK.exec(text) ?? [];
  if (href === undefined || id === undefined || key === undefined) return undefined;
  if (!href.startsWith(new URL('s/', server).href)) return undefined;
  return { id, key, page: page as OwnPage | undefined, href, rest: text.replace(href, '').trim() };
}

/** Whether something on this page has taken the share over, so that nothing needs to be opened. */
export function offerShare({ id, key, page }: ShareLink): boolean {
  return !window.dispatchEvent(new CustomEvent('yikouwen:share', { detail: { id, key, page }, cancelable: true }));
}
