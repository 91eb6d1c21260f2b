/**
 * The player, kept true. It runs rrweb's live mode in the only way that loses nothing: every event is stamped with its
 * number, far in the past, so that it is applied at once, in order, whatever the clocks of the two sides say and whether
 * or not this tab is looked at. Every whole picture gets a player of its own, built beside the one that shows.
 */
import { Replayer } from '@rrweb/replay';
import { inflate, SNAP } from '@yikouwen/shared/assist/codec';
import { skeleton, type Skeleton } from '@yikouwen/shared/assist/skeleton';

/** Bytes a frame may become; the server's limit is the same. */
const MOST = 8 * 1024 * 1024;
/** A player keeps every event it has applied, so it is replaced before that weighs anything. */
const CHECKOUT_EVENTS = 2_000;
const CHECKOUT_MS = 5 * 60_000;
/** Milliseconds that style sheets may take before the new picture shows without them. */
const STYLES = 1_500;
/** When what scrolls is put where it stands, in milliseconds after a picture shows. */
const SETTLING = [0, 100, 400, 1_500];

/** An event as far as it is looked at here. */
interface Played {
  type: number;
  timestamp: number;
  data: { source?: number; width?: number; height?: number; initialOffset?: { left: number; top: number }; node?: Recorded; id?: number; x?: number; y?: number };
}
interface Recorded {
  id: number;
  attributes?: { rr_scrollLeft?: number; rr_scrollTop?: number };
  childNodes?: Recorded[];
}
const META = 4;
const FULL = 2;
const INCREMENT = 3;
const SCROLL = 3;
const RESIZE = 4;

interface Player {
  replayer: Replayer;
  page: HTMLElement;
  applied: number;
  began: number;
  width: number;
  height: number;
  /** How far what scrolls stands from the left and from the top, by its number. */
  scrolls: Map<number, [left: number, top: number]>;
}

export interface Stage {
  bulk: (kind: number, body: Uint8Array) => void;
  digest: (theirs: Skeleton) => void;
  scroll: (node: number, x: number, y: number) => void;
  node: (id: number) => Node | null;
  id: (node: Node) => number;
  document: () => Document | undefined;
  /** Where the page is drawn in this frame, and how much smaller than it is. */
  place: () => { left: number; top: number; scale: number };
  layout: () => void;
  empty: () => void;
}

export interface StageOptions {
  root: HTMLElement;
  onShown: (width: number, height: number, milliseconds: number) => void;
  onStale: (reason: string) => void;
  onSynced: (equal: boolean) => void;
}

export function createStage({ root, onShown, onStale, onSynced }: StageOptions): Stage {
  let shown: Player | undefined;
  let building: Player | undefined;
  let place = { left: 0, top: 0, scale: 1 };
  let lost = true;
  /** Inflating takes its time; frames are applied in the order in which they came. */
  let tail: Promise<void> = Promise.resolve();

  const latest = (): Player | undefined => building ?? shown;
  const destroy = (player: Player | undefined): void => {
    player?.replayer.destroy();
    player?.page.remove();
  };
  const apply = (player: Player, event: Played): void => {
    player.applied += 1;
    event.timestamp = player.applied;
    const { type, data } = event;
    if (type === META || (type === INCREMENT && data.source === RESIZE)) resize(player, data.width ?? 0, data.height ?? 0);
    if (type === INCREMENT && data.source === SCROLL && data.id !== undefined) player.scrolls.set(data.id, [data.x ?? 0, data.y ?? 0]);
    player.replayer.addEvent(event);
  };
  const resize = (player: Player, width: number, height: number): void => {
    player.width = width;
    player.height = height;
    if (player === shown) layout();
  };

  const layout = (): void => {
    const player = shown;
    if (!player) return;
    const gap = 8;
    const scale = Math.min(1, (root.clientWidth - 2 * gap) / player.width, (root.clientHeight - 2 * gap) / player.height);
    place = { left: Math.max(gap, (root.clientWidth - player.width * scale) / 2), top: gap, scale };
    player.page.style.transform = `translate(${place.left}px, ${place.top}px) scale(${scale})`;
    player.page.style.width = `${player.width}px`;
    player.page.style.height = `${player.height}px`;
  };

  const build = (events: Played[]): void => {
    const began = performance.now();
    destroy(building);
    const page = document.createElement('div');
    page.className = 'page building';
    root.prepend(page);
    const replayer = new Replayer([], {
      root: page,
      liveMode: true,
      useVirtualDom: false,
      mouseTail: false,
      triggerFocus: false,
      showWarning: false,
      showDebug: false,
      loadTimeout: 0,
    });
    replayer.iframe.title = document.title;
    replayer.startLive();
    const player: Player = { replayer, page, applied: 0, began, width: 0, height: 0, scrolls: new Map() };
    building = player;
    lost = false;
    for (const event of events) apply(player, event);
    const whole = events.find(({ type }) => type === FULL)?.data;
    const { node, initialOffset: offset } = whole ?? {};
    for (const [id, place] of scrolled(node)) if (!player.scrolls.has(id)) player.scrolls.set(id, place);
    if (node && offset && !player.scrolls.has(node.id)) player.scrolls.set(node.id, [offset.left, offset.top]);
    void styled(replayer.iframe.contentDocument).then(() => {
      if (building !== player) return;
      destroy(shown);
      shown = player;
      building = undefined;
      page.classList.remove('building');
      layout();
      // Before its styles are laid out the page, and the parts of it that scroll, may be too short to.
      for (const wait of SETTLING) setTimeout(() => stand(player), wait);
      onShown(player.width, player.height, performance.now() - began);
    });
  };

  const take = async (kind: number, body: Uint8Array): Promise<void> => {
    let events: unknown;
    try {
      events = JSON.parse(await inflate(body, MOST));
      if (!Array.isArray(events)) throw new TypeError('no list of events');
      if (kind === SNAP) {
        build(events as Played[]);
        return;
      }
      const player = latest();
      if (!player || lost) return;
      for (const event of events as Played[]) apply(player, event);
      if (player.applied > CHECKOUT_EVENTS || performance.now() - player.began > CHECKOUT_MS) {
        player.began = performance.now();
        player.applied = Math.min(player.applied, 1_000);
        onStale('checkout');
      }
    } catch {
      // What can't be applied leaves a picture that is not to be trusted.
      lost = true;
      onStale('broken');
    }
  };

  return {
    bulk(kind, body) {
      tail = tail.then(() => take(kind, body));
    },
    digest(theirs) {
      tail = tail.then(() => {
        const player = latest();
        const document = player?.replayer.iframe.contentDocument;
        if (!player || !document || lost) return;
        const mirror = player.replayer.getMirror();
        const ours = skeleton(document, { getId: (node) => mirror.getId(node) });
        const equal = ours.hash === theirs.hash && ours.nodes === theirs.nodes;
        onSynced(equal);
        if (!equal) onStale('digest');
      });
    },
    scroll(node, x, y) {
      const player = latest();
      if (!player) return;
      player.scrolls.set(node, [x, y]);
      scrollTo(player, node, x, y);
    },
    node: (id) => shown?.replayer.getMirror().getNode(id) ?? null,
    id: (node) => shown?.replayer.getMirror().getId(node) ?? -1,
    document: () => shown?.replayer.iframe.contentDocument ?? undefined,
    place: () => place,
    layout,
    empty() {
      tail = tail.then(() => {
        destroy(building);
        destroy(shown);
        building = shown = undefined;
        lost = true;
      });
    },
  };
}

/** The elements of a page that stand scrolled: which, and how far from the left and from the top. */
function scrolled(node: Recorded | undefined): [number, [left: number, top: number]][] {
  if (!node) return [];
  const { rr_scrollLeft: left = 0, rr_scrollTop: top = 0 } = node.attributes ?? {};
  const inside = (node.childNodes ?? []).flatMap(scrolled);
  return left > 0 || top > 0 ? [[node.id, [left, top]], ...inside] : inside;
}

/** Puts everything that scrolls where it stands at the citizen's by now. */
function stand(player: Player): void {
  for (const [id, [left, top]] of player.scrolls) scrollTo(player, id, left, top);
}

function scrollTo({ replayer }: Player, id: number, left: number, top: number): void {
  const target = replayer.getMirror().getNode(id);
  // Whatever a page says of how it scrolls, a picture stands where it is.
  const place: ScrollToOptions = { left, top, behavior: 'instant' };
  if (target?.nodeType === 9) replayer.iframe.contentWindow?.scrollTo(place);
  else if (target?.nodeType === 1) (target as unknown as Element).scrollTo(place);
}

/** Settles when the page's style sheets are there, or have had their time. */
async function styled(document: Document | null): Promise<void> {
  const links = Array.from(document?.querySelectorAll<HTMLLinkElement>('link[rel~="stylesheet"][href]') ?? []);
  const loads = links
    .filter(({ sheet }) => !sheet)
    .map((link) => new Promise((done) => {
      link.addEventListener('load', done);
      link.addEventListener('error', done);
    }));
  if (loads.length === 0) return;
  await Promise.race([Promise.all(loads), new Promise((done) => setTimeout(done, STYLES))]);
}
