/**
 * `<script src="https://gateway/assist.js" defer></script>` on a page with a form lets its user share it with a helper. Open
 * `share.ts` next. Without a share it does nothing but listen for one.
 */
import { cannot } from './calls';
import { notice, startShare } from './share';
import { words } from './words';

const KEY = 'yikouwen.assist';
const ADDRESS = /^#share=([\w-]{8,64})\.([\w-]{8,64})$/;

interface Kept {
  sid: string;
  token: string;
}

const script = document.currentScript;
const server = script instanceof HTMLScriptElement ? new URL('.', script.src).href : `${location.origin}/`;
/** The page of a link shows the desktop and has no form. */
const desktop = script?.dataset['desktop'] !== undefined;
let running: ReturnType<typeof startShare> | undefined;

function keep(share: Kept | undefined): void {
  try {
    if (share) sessionStorage.setItem(KEY, JSON.stringify(share));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Then the share ends with this page.
  }
}

function kept(): Kept | undefined {
  try {
    const value = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Partial<Kept> | null;
    return value?.sid && value.token ? { sid: value.sid, token: value.token } : undefined;
  } catch {
    return undefined;
  }
}

function start(share: Kept, shows = desktop): void {
  running?.stop();
  keep(share);
  const mine = startShare({
    server,
    ...share,
    desktop: shows,
    onEnd: () => {
      keep(undefined);
      running = undefined;
    },
  });
  running = kept() === undefined ? undefined : mine;
}

/** The share that the address brings, which is taken out of it at once: whoever looks at the screen could use it. */
function fromAddress(): Kept | undefined {
  const [, sid, token] = ADDRESS.exec(location.hash) ?? [];
  if (sid === undefined || token === undefined) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  return { sid, token };
}

/** The chat on the same page has got a link. */
async function open({ id, key }: { id: string; key: string }): Promise<void> {
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
      location.assign(new URL(`s/${id}#k=${key}`, server));
      return;
    }
    if (!response.ok) throw new Error(String(response.status));
    const { token, kind } = (await response.json()) as { token: string; kind?: string };
    // Where the desktop is asked for, it is shown from this very page.
    start({ sid: id, token }, kind === 'screen' && cannot('screen') === undefined);
  } catch {
    const t = words();
    notice(t, t('openFailed'));
  }
}

function begin(): void {
  window.addEventListener('yikouwen:share', (event) => {
    const { detail } = event as CustomEvent<{ id?: unknown; key?: unknown } | null>;
    if (typeof detail?.id !== 'string' || typeof detail.key !== 'string') return;
    // Tells the chat that it need not open a page.
    event.preventDefault();
    void open({ id: detail.id, key: detail.key });
  });
  window.addEventListener('yikouwen:screen', () => running?.show());
  const share = fromAddress() ?? kept();
  if (share) start(share);
}

// In a frame the page around could lay something over the question whether to share.
if (window.top === window) {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
  else begin();
}
