/** The one recorder of the page (rrweb knows no second), set so that nothing leaves it unless it is allowed to. */
import { record } from '@rrweb/record';
import type { eventWithTime } from '@rrweb/types';
import { around, BLOCKED } from '@yikouwen/shared/assist/around';
import { dotDigits, dots } from '@yikouwen/shared/assist/digits';
import { skeleton, type Skeleton } from '@yikouwen/shared/assist/skeleton';
import type { OwnPage } from '@yikouwen/shared/sharelink';

import { cleanEvent, type RawEvent } from './clean';
import { isRegion, isSecret, classOf, letChatBeSeen, shownText, shownValue } from './fields';
import { watch } from './watchdog';

/** Both sides run the same; the server refuses others. */
export const RECORDER_VERSION = '2.1.6';

/** Pictures of anything, and other documents, are not part of a page. */
const LEFT_OUT = `${BLOCKED}, iframe, frame, object, embed, canvas, video, audio, portal`;
/** The citizen's own chat is no part of a form: it is seen where it is the page that was asked for. */
const CHAT = 'yikouwen-chat';

export interface Recorder {
  /** A whole picture; numbers of nodes stay as they are. */
  snapshot: () => void;
  /** Lets one field, or one part of the page, be seen as it is for so many milliseconds. */
  reveal: (node: number, milliseconds: number) => void;
  /** Ends all that, and says whether there was any. */
  conceal: () => boolean;
  node: (id: number) => Node | null;
  id: (node: Node) => number;
  digest: () => Skeleton;
  /** How often it has held the page for more than 200 ms. */
  longTasks: () => number;
  stop: () => void;
}

export interface RecorderOptions {
  /** The page and the server share an origin, so the helper's browser can load the page's own style sheets. */
  ownOrigin: boolean;
  page: OwnPage | undefined;
  onSnapshot: (events: RawEvent[]) => void;
  onIncrement: (event: RawEvent) => void;
  /** The recorder has held the page for long, and again. */
  onSlow: () => void;
}

const INPUT = { type: 3, source: 5 };
const MUTATION = 0;

export function startRecorder({ ownOrigin, page, onSnapshot, onIncrement, onSlow }: RecorderOptions): Recorder {
  /** Until when each revealed field may be seen, on the page's clock. */
  const revealed = new Map<number, number>();
  const timers = new Set<number>();
  const watchdog = watch(onSlow);
  let meta: RawEvent | undefined;
  // Numbers in place of times: the helper's player then applies every event at once, whatever any clock says.
  let count = 0;

  const chat = page === 'chat' && ownOrigin;
  letChatBeSeen(chat);
  const mirror = record.mirror;
  const context = {
    node: (id: number): Node | null => mirror.getNode(id),
    revealed: (id: number): boolean => (revealed.get(id) ?? 0) > performance.now(),
    within: (element: Element | null): boolean => {
      if (revealed.size === 0 || !element) return false;
      for (const at of around(element)) if (isRegion(at)) return context.revealed(mirror.getId(at));
      return false;
    },
    shadow: (root: ShadowRoot): void => watchdog.attend(root),
    page,
    get href() {
      return document.baseURI;
    },
    origin: location.origin,
  };

  const clean = (event: RawEvent): RawEvent => {
    let kept: RawEvent | undefined;
    try {
      kept = cleanEvent(event, context);
    } catch {
      // What can't be judged stays.
    }
    return kept ?? { type: -1, data: {}, timestamp: 0 };
  };
  const emit = (event: RawEvent): void => {
    if (event.type === -1) return;
    count += 1;
    event.timestamp = count;
    // The picture comes in two events, which belong together.
    if (event.type === 4) meta = event;
    else if (event.type === 2) onSnapshot(meta ? [meta, event] : [event]);
    else onIncrement(event);
    watchdog.told();
  };
  /** A field's value, or the texts of a part of the page, as they may be seen now, told anew. */
  const tell = (id: number): void => {
    const field = mirror.getNode(id);
    if (!(field instanceof HTMLElement) || !field.isConnected) return;
    if (isRegion(field)) {
      const texts: { id: number; value: string }[] = [];
      const walk = document.createTreeWalker(field, NodeFilter.SHOW_TEXT);
      for (let text = walk.nextNode(); text; text = walk.nextNode()) {
        const number = mirror.getId(text);
        if (number > 0) texts.push({ id: number, value: text.nodeValue ?? '' });
      }
      const data = { source: MUTATION, texts, attributes: [], removes: [], adds: [] };
      if (texts.length > 0) emit(clean({ type: INPUT.type, data, timestamp: 0 }));
      return;
    }
    const { value, checked } = field as HTMLInputElement;
    emit(clean({ type: INPUT.type, data: { source: INPUT.source, text: value, isChecked: checked, id }, timestamp: 0 }));
  };

  // Before the recorder's own observers, so that it is told of changes before them.
  watchdog.attend(document);
  const stop = watchdog.spend(() =>
    record({
      emit: (event: eventWithTime) => emit(event as unknown as RawEvent),
      plugins: [
        {
          name: 'yikouwen',
          options: {},
          eventProcessor: (event) => clean(event as unknown as RawEvent) as unknown as typeof event,
        },
      ],
      blockSelector: chat ? `${LEFT_OUT}, ${CHAT}:not([data-mode="page"])` : `${LEFT_OUT}, ${CHAT}`,
      maskTextSelector: '*',
      maskTextFn: (text, parent) => (context.within(parent) ? dotDigits(text) : shownText(text, parent)),
      maskInputOptions: { input: true, textarea: true, select: true } as Record<string, boolean>,
      maskInputFn: (text, element) => {
        const id = mirror.getId(element);
        if (id > 0 && context.revealed(id) && !isSecret(element)) return text;
        return isSecret(element) ? dots(text) : shownValue(element, text);
      },
      slimDOMOptions: 'all',
      inlineStylesheet: !ownOrigin,
      inlineImages: false,
      recordCanvas: false,
      recordCrossOriginIframes: false,
      collectFonts: false,
      sampling: { mousemove: false, mouseInteraction: false, scroll: 100, media: 800 },
      errorHandler: () => true,
    }),
  );
  if (!stop) throw new Error('the recorder did not start');

  return {
    snapshot() {
      watchdog.spend(() => record.takeFullSnapshot(true));
      for (const id of revealed.keys()) if (context.revealed(id)) tell(id);
    },
    reveal(node, milliseconds) {
      const field = mirror.getNode(node);
      if (!(field instanceof HTMLElement) || isSecret(field) || classOf(field) === 'block') return;
      revealed.set(node, performance.now() + milliseconds);
      tell(node);
      const timer = window.setTimeout(() => {
        timers.delete(timer);
        revealed.delete(node);
        tell(node);
      }, milliseconds);
      timers.add(timer);
    },
    conceal() {
      const ids = [...revealed.keys()];
      revealed.clear();
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      for (const id of ids) tell(id);
      return ids.length > 0;
    },
    node: (id) => mirror.getNode(id),
    id: (node) => mirror.getId(node),
    digest: () => watchdog.spend(() => skeleton(document, mirror)),
    longTasks: watchdog.count,
    stop() {
      for (const timer of timers) clearTimeout(timer);
      watchdog.stop();
      stop();
    },
  };
}
