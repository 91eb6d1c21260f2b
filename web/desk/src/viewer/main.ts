/** The frame that draws a citizen's page at the desk. It has no line of its own: the desk hands it frames, and asks. */
import { around } from '@yikouwen/shared/assist/around';

import { createStage } from './stage';
import { describe, fieldAt } from './pick';
import type { FromViewer, ToViewer } from './speech';

const POINTER_MS = 34;
const HAND_MS = 3_000;

function tell(message: FromViewer): void {
  window.parent.postMessage(message, window.location.origin);
}

const root = document.getElementById('stage') ?? document.body;
const glass = root.appendChild(document.createElement('div'));
glass.className = 'glass';
const outline = part('outline');
const hand = part('hand');
const marks = new Map<string, { element: HTMLElement; node: number; until: number }>();
let handAt: { node: number; dx: number; dy: number; until: number } | undefined;
let hovered: Element | undefined;
let hover: { node: number; dx: number; dy: number } | undefined;

const stage = createStage({
  root,
  onShown: (width, height, milliseconds) => tell({ t: 'shown', width, height, milliseconds }),
  onStale: (reason) => tell({ t: 'stale', reason }),
  onSynced: (equal) => tell({ t: 'synced', equal }),
});

function part(name: string): HTMLElement {
  const element = root.appendChild(document.createElement('div'));
  element.className = name;
  element.hidden = true;
  return element;
}

/** The box of something on the page, as it lies in this frame; what is not drawn has none. */
function boxOf(target: Node | null | undefined): { left: number; top: number; width: number; height: number } | undefined {
  if (target?.nodeType !== 1 || !target.isConnected) return undefined;
  const { left, top, scale } = stage.place();
  const box = (target as Element).getBoundingClientRect();
  if (box.width === 0 && box.height === 0) return undefined;
  return { left: left + box.left * scale, top: top + box.top * scale, width: box.width * scale, height: box.height * scale };
}

function lay(element: HTMLElement, target: Node | null | undefined, gap = 5): void {
  const box = boxOf(target);
  element.hidden = !box;
  if (!box) return;
  element.style.left = `${box.left - gap}px`;
  element.style.top = `${box.top - gap}px`;
  element.style.width = `${box.width + 2 * gap}px`;
  element.style.height = `${box.height + 2 * gap}px`;
}

/** The page moves under what is drawn over it, so the drawing follows a few times a second, also without animation frames. */
function draw(): void {
  const now = performance.now();
  for (const [id, mark] of marks) {
    if (now < mark.until) lay(mark.element, stage.node(mark.node));
    else remove(id);
  }
  lay(outline, hovered);
  if (handAt && now > handAt.until) handAt = undefined;
  const under = handAt && boxOf(stage.node(handAt.node));
  hand.hidden = !under;
  if (!handAt || !under) return;
  hand.style.left = `${under.left + handAt.dx * under.width}px`;
  hand.style.top = `${under.top + handAt.dy * under.height}px`;
}
setInterval(draw, 80);

function remove(id: string): void {
  marks.get(id)?.element.remove();
  marks.delete(id);
}

/** The element at a place, in shadow roots too. */
function deepestAt(document: Document | undefined, x: number, y: number): Element | undefined {
  let found = document?.elementFromPoint(x, y) ?? undefined;
  while (found?.shadowRoot) {
    const inside = found.shadowRoot.elementFromPoint(x, y);
    if (!inside || inside === found) break;
    found = inside;
  }
  return found;
}

/** What lies under a place of this frame, with its number. */
function under(event: MouseEvent): { element: Element; node: number; dx: number; dy: number } | undefined {
  const { left, top, scale } = stage.place();
  const [x, y] = [(event.clientX - left) / scale, (event.clientY - top) / scale];
  const deepest = deepestAt(stage.document(), x, y);
  const element = deepest && [...around(deepest)].find((one) => stage.id(one) > 0);
  if (!element || element.localName === 'html' || element.localName === 'body') return undefined;
  const box = element.getBoundingClientRect();
  const round = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
  return {
    element,
    node: stage.id(element),
    dx: box.width > 0 ? round((x - box.left) / box.width) : 0,
    dy: box.height > 0 ? round((y - box.top) / box.height) : 0,
  };
}

glass.addEventListener('mousemove', (event) => {
  const found = under(event);
  hovered = found ? fieldAt(found.element) : undefined;
  hover = found && { node: found.node, dx: found.dx, dy: found.dy };
  lay(outline, hovered);
});
glass.addEventListener('mouseleave', () => {
  hovered = undefined;
  hover = undefined;
});
setInterval(() => {
  if (hover) tell({ t: 'hover', ...hover });
  hover = undefined;
}, POINTER_MS);
glass.addEventListener('click', (event) => {
  const found = under(event);
  if (!found) return;
  const element = fieldAt(found.element);
  const node = stage.id(element);
  if (node > 0) tell({ t: 'picked', picked: describe(element, node) });
});
glass.addEventListener(
  'wheel',
  (event) => {
    event.preventDefault();
    stage.document()?.defaultView?.scrollBy(event.deltaX, event.deltaY);
  },
  { passive: false },
);
window.addEventListener('resize', () => stage.layout());

function onMessage(message: ToViewer): void {
  switch (message.t) {
    case 'bulk':
      stage.bulk(message.kind, new Uint8Array(message.body));
      return;
    case 'digest':
      stage.digest(message);
      return;
    case 'ptr':
      handAt = { ...message, until: performance.now() + HAND_MS };
      return;
    case 'scroll':
      stage.scroll(message.node, message.x, message.y);
      return;
    case 'mark': {
      remove(message.id);
      const element = part('mark');
      const words = document.createElement('span');
      words.textContent = message.text;
      if (message.text !== '') element.append(words);
      const until = message.seconds > 0 ? performance.now() + message.seconds * 1000 : Infinity;
      marks.set(message.id, { element, node: message.node, until });
      draw();
      return;
    }
    case 'unmark':
      for (const id of [...marks.keys()]) if (message.id === undefined || message.id === id) remove(id);
      return;
    case 'empty':
      for (const id of [...marks.keys()]) remove(id);
      hovered = undefined;
      stage.empty();
  }
}
window.addEventListener('message', (event: MessageEvent<ToViewer>) => {
  if (event.source === window.parent && event.origin === window.location.origin) onMessage(event.data);
});
tell({ t: 'ready' });
