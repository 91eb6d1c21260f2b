/** Opens a link: once, and only when pressed, so that a preview of the link uses nothing up. */

import type { OwnPage } from '@yikouwen/shared/sharelink';

export interface Link {
  id: string;
  key: string;
}

export type Opened =
  | { state: 'open'; address: string; token: string; kind: 'form' | 'screen' }
  | { state: 'code'; again: boolean }
  | { state: 'gone' }
  | { state: 'failed' };

/** With what a link is opened: the digits of the chat, or what the platform signed. */
export interface Proof {
  code?: string | undefined;
  proof?: string | undefined;
}

/** What stands behind the `#`. Telegram adds its own members with `?` or `&`, as it sees fit. */
function behind(hash: string): URLSearchParams {
  return new URLSearchParams(hash.replace(/^#/, '').replace('?', '&'));
}

/** The link as the address has it: `/s/{id}#k={key}`. */
export function linkOf({ pathname, hash }: { pathname: string; hash: string }): Link | undefined {
  const id = /\/s\/([\w-]{8,64})\/?$/.exec(pathname)?.[1];
  const key = behind(hash).get('k');
  return id !== undefined && key !== null && /^[\w-]{8,64}$/.test(key) ? { id, key } : undefined;
}

/** Which of the citizen's own pages it leads to; a form without. */
export function pageOf({ hash }: { hash: string }): OwnPage | undefined {
  const at = behind(hash).get('at');
  return at === 'chat' || at === 'me' ? at : undefined;
}

/** How a browser came back from the platform: it is known, or the code has to do. */
export function returnedOf({ hash }: { hash: string }): 'known' | 'code' | undefined {
  const members = behind(hash);
  return members.has('known') ? 'known' : members.has('code') ? 'code' : undefined;
}

/** What Telegram says of whoever opened the page by its button, signed. */
export function proofOf({ hash }: { hash: string }): string | undefined {
  return behind(hash).get('tgWebAppData') ?? undefined;
}

function post(path: string, body: object, send: typeof fetch): Promise<Response> {
  return send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
    credentials: 'same-origin',
    cache: 'no-store',
  });
}

/** Where the platform says who this is, if it can in this browser. */
export async function leave(link: Link, send: typeof fetch = fetch): Promise<string | undefined> {
  try {
    const response = await post('/api/v1/assist/leave', link, send);
    const { url } = (response.ok ? await response.json() : {}) as { url?: string | null };
    return url !== undefined && url !== null && /^https?:\/\//.test(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

export async function openLink(link: Link, { code, proof }: Proof, send: typeof fetch = fetch): Promise<Opened> {
  try {
    const more = { ...(code === undefined ? {} : { code }), ...(proof === undefined ? {} : { proof }) };
    const response = await post('/api/v1/assist/open', { ...link, ...more }, send);
    if (response.status === 401) return { state: 'code', again: code !== undefined };
    if ([403, 404, 409, 410].includes(response.status)) return { state: 'gone' };
    if (!response.ok) return { state: 'failed' };
    const reply = (await response.json()) as { token: string; form_url: string; kind?: string };
    const { token, form_url, kind } = reply;
    const address = `${form_url.replace(/#.*$/, '')}#share=${link.id}.${token}`;
    return { state: 'open', address, token, kind: kind === 'screen' ? 'screen' : 'form' };
  } catch {
    return { state: 'failed' };
  }
}
