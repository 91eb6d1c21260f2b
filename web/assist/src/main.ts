/**
 * `<script src="https://gateway/assist.js" defer></script>` on a page with a form lets its user share it with a helper. Open
 * `share.ts` next. Without a share it does nothing but listen for one.
 */
import { keep, kept, type Kept } from '@yikouwen/shared/assist/kept';
import type { OwnPage } from '@yikouwen/shared/sharelink';

import { cannot } from './calls';
import { notice, startShare } from './share';
import { words } from './words';

const ADDRESS = /^#share=([\w-]{8,64})\.([\w-]{8,64})$/;

const OWN: readonly OwnPage[] = ['chat', 'me'];

const script = document.currentScript;
const server = script instanceof HTMLScriptElement ? new URL('.', script.src).href : `${location.origin}/`;
/** The page of a link shows the desktop and has no form. */
const desktop = script?.dataset['desktop'] !== undefined;
/** Which of the citizen's own pages this is; a form is none. */
const page = OWN.find((one) => one === script?.dataset['page']);
let running: ReturnType<typeof startShare> | undefined;
/** The share whose link is being opened: a second press would use it up in vain. */
let opening: string | undefined;

function start(share: Kept, shows = desktop): void {
  running?.stop();
  keep(share);
  const mine = startShare({
    server,
    sid: share.sid,
    token: share.token,
    page,
    desktop: shows,
    agreed: share.agreed === true,
    onAgreed: () => keep({ ...share, agreed: true }),
    onEnd: () => {
      keep(undefined);
      running = undefined;
    },
  });
  running = kept(page) === undefined ? undefined : mine;
}

/** The share that the address brings, which is taken out of it at once: whoever looks at the screen could use it. */
function fromAddress(): Kept | undefined {
  const [, sid, token] = ADDRESS.exec(location.hash) ?? [];
  if (sid === undefined || token === undefined) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  return { sid, token, page };
}

/** The chat on the same page has got a link. */
async function open({ id, key }: { id: string; key: string }): Promise<void> {
  opening = id;
  let gone = false;
  try {
    const response = await fetch(new URL('api/v1/assist/open', server), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, key }),
      credentials: 'include',
      cache: 'no-store',
    });
    if (response.status === 401) {
      // A code is asked for, which the link's own page does.
      location.assign(new URL(`s/${id}#k=${key}${page ? `&at=${page}` : ''}`, server));
      return;
    }
    gone = response.status >= 400 && response.status < 500;
    if (!response.ok) throw new Error(String(response.status));
    const { token, kind } = (await response.json()) as { token: string; kind?: string };
    // Where the desktop is asked for, it is shown from this very page.
    start({ sid: id, token, page }, kind === 'screen' && cannot('screen') === undefined);
  } catch {
    const t = words();
    notice(t, t(gone ? 'endedGone' : 'openFailed'), page);
  } finally {
    opening = undefined;
  }
}

function begin(): void {
  window.addEventListener('yikouwen:share', (event) => {
    const { detail } = event as CustomEvent<{ id?: unknown; key?: unknown; page?: unknown } | null>;
    if (typeof detail?.id !== 'string' || typeof detail.key !== 'string' || detail.page !== page) return;
    // Tells the chat that it need not open a page.
    event.preventDefault();
    // The button stays in the chat after it was used.
    if (opening === detail.id || (running && kept(page)?.sid === detail.id)) return;
    void open({ id: detail.id, key: detail.key });
  });
  window.addEventListener('yikouwen:screen', () => running?.show());
  const share = fromAddress() ?? kept(page);
  if (share) start(share);
}

// In a frame the page around could lay something over the question whether to share.
if (window.top === window) {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
}
