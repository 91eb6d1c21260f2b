/** Where the citizen points and how far the page is scrolled: sent apart from the recording, which is slow at it. */
import { around, BLOCKED, nearest } from '@yikouwen/shared/assist/around';
import type { FromCitizen } from '@yikouwen/shared/assist/wire';

import type { Recorder } from './recorder';

const POINTER_MS = 34;
const SCROLL_MS = 500;

/** Follows until the returned function is called. */
export function follow(recorder: Recorder, send: (frame: FromCitizen) => void): () => void {
  let last: PointerEvent | undefined;
  let scroller: Element | undefined;
  const known = new Map<number, string>();

  const onMove = (event: PointerEvent): void => {
    last = event;
  };
  const onScroll = ({ target }: Event): void => {
    if (target instanceof Element) scroller = target;
  };
  const pointer = window.setInterval(() => {
    if (!last) return;
    const { clientX, clientY } = last;
    const [target] = last.composedPath();
    last = undefined;
    const at = target instanceof Element ? [...around(target)].find((one) => recorder.id(one) > 0) : undefined;
    if (!at || nearest(at, BLOCKED)) return;
    const box = at.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) return;
    const part = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
    send({ t: 'ptr', node: recorder.id(at), dx: part((clientX - box.left) / box.width), dy: part((clientY - box.top) / box.height) });
  }, POINTER_MS);
  const tell = (node: Node, x: number, y: number): void => {
    const id = recorder.id(node);
    const place = `${Math.round(x)},${Math.round(y)}`;
    if (id <= 0 || known.get(id) === place) return;
    known.set(id, place);
    send({ t: 'scroll', node: id, x: Math.round(x), y: Math.round(y) });
  };
  // WeChat's browser keeps scrolling to itself, so it is asked for rather than waited for.
  const heartbeat = window.setInterval(() => {
    tell(document, window.scrollX, window.scrollY);
    if (scroller?.isConnected) tell(scroller, scroller.scrollLeft, scroller.scrollTop);
  }, SCROLL_MS);

  document.addEventListener('pointermove', onMove, { capture: true, passive: true });
  document.addEventListener('scroll', onScroll, { capture: true, passive: true });
  return () => {
    clearInterval(pointer);
    clearInterval(heartbeat);
    document.removeEventListener('pointermove', onMove, { capture: true });
    document.removeEventListener('scroll', onScroll, { capture: true });
  };
}
