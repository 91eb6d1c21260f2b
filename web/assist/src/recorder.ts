/** The one recorder of the page (rrweb knows no second), set so that nothing leaves it unless it is allowed to. */
import { record } from '@rrweb/record';
import type { eventWithTime } from '@rrweb/types';
import { dots } from '@yikouwen/shared/assist/digits';

import { cleanEvent, type RawEvent } from './clean';
import { isSecret, classOf, shownText, shownValue } from './fields';

/** Both sides run the same; the server refuses others. */
export const RECORDER_VERSION = '2.1.6';

/** Pictures of anything, other documents, and the citizen's own chat are not part of the form. */
const BLOCKED =
  '[data-assist="block"], [data-assist-block], iframe, frame, object, embed, canvas, video, audio, portal, yikouwen-chat';

export interface Recorder {
  /** A whole picture; numbers of nodes stay as they are. */
  snapshot: () => void;
  /** Lets one field be seen as it is for so many milliseconds. */
  reveal: (node: number, milliseconds: number) => void;
  node: (id: number) => Node | null;
  id: (node: Node) => number;
  stop: () => void;
}

export interface RecorderOptions {
  /** The page and the server share an origin, so the helper's browser can load the page's own style sheets. */
  ownOrigin: boolean;
  onSnapshot: (events: RawEvent[]) => void;
  onIncrement: (event: RawEvent) => void;
}

const INPUT = { type: 3, source: 5 };

export function startRecorder({ ownOrigin, onSnapshot, onIncrement }: RecorderOptions): Recorder {
  /** Until when each revealed field may be seen, on the page's clock. */
  const revealed = new Map<number, number>();
  const timers = new Set<number>();
  let meta: RawEvent | undefined;
  // Numbers in place of times: the helper's player then applies every event at once, whatever any clock says.
  let count = 0;

  const mirror = record.mirror;
  const context = {
    node: (id: number): Node | null => mirror.getNode(id),
    revealed: (id: number): boolean => (revealed.get(id) ?? 0) > performance.now(),
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
  };
  /** A field's value as it may be seen now, told anew. */
  const tell = (id: number): void => {
    const field = mirror.getNode(id);
    if (!(field instanceof HTMLElement) || !field.isConnected) return;
    const { value, checked } = field as HTMLInputElement;
    emit(clean({ type: INPUT.type, data: { source: INPUT.source, text: value, isChecked: checked, id }, timestamp: 0 }));
  };

  const stop = record({
    emit: (event: eventWithTime) => emit(event as unknown as RawEvent),
    plugins: [
      {
        name: 'yikouwen',
        options: {},
        eventProcessor: (event) => clean(event as unknown as RawEvent) as unknown as typeof event,
      },
    ],
    blockSelector: BLOCKED,
    maskTextSelector: '*',
    maskTextFn: (text, parent) => shownText(text, parent),
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
  });
  if (!stop) throw new Error('the recorder did not start');

  return {
    snapshot() {
      record.takeFullSnapshot(true);
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
    node: (id) => mirror.getNode(id),
    id: (node) => mirror.getId(node),
    stop() {
      for (const timer of timers) clearTimeout(timer);
      stop();
    },
  };
}
