/** Opens a link: once, and only when pressed, so that a preview of the link uses nothing up. */

export interface Link {
  id: string;
  key: string;
}

export type Opened =
  | { state: 'open'; address: string; token: string; kind: 'form' | 'screen' }
  | { state: 'code'; again: boolean }
  | { state: 'gone' }
  | { state: 'failed' };

/** The link as the address has it: `/s/{id}#k={key}`. */
export function linkOf({ pathname, hash }: { pathname: string; hash: string }): Link | undefined {
  const id = /\/s\/([\w-]{8,64})\/?$/.exec(pathname)?.[1];
  const key = new URLSearchParams(hash.replace(/^#/, '')).get('k');
  return id !== undefined && key !== null && /^[\w-]{8,64}$/.test(key) ? { id, key } : undefined;
}

export async function openLink(link: Link, code: string | undefined, send: typeof fetch = fetch): Promise<Opened> {
  try {
    const response = await send('/api/v1/assist/open', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ ...link, ...(code === undefined ? {} : { code }) }),
      credentials: 'same-origin',
      cache: 'no-store',
    });
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
