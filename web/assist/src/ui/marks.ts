import type { Highlight, Pointer, Steps } from '@yikouwen/shared/assist/wire';

import type { Words } from '../words';
import { h } from './dom';
import { measure, type Box, type Place } from './place';

/** What a helper draws on the page: it is seen and can't be touched. */
export interface Marks {
  highlight: (mark: Highlight) => void;
  clear: (id?: string) => void;
  steps: (steps: Steps) => void;
  pointer: (pointer: Pointer) => void;
  remove: () => void;
}

interface Drawn {
  node: Node;
  frame: HTMLElement;
  caption: HTMLElement | undefined;
  arrow: HTMLElement | undefined;
  until: number;
}

const POINTER_LASTS = 3_000;
const EDGE = 8;

export function createMarks(root: HTMLElement, t: Words, node: (id: number) => Node | null, barHeight: () => number): Marks {
  const layer = h('div', { class: 'marks', 'data-testid': 'marks' });
  // Read out once, for those who don't see where it points.
  const spoken = h('div', { role: 'status', style: 'position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)' });
  const hand = h('div', { class: 'hand', 'data-testid': 'hand', 'aria-hidden': 'true', hidden: true });
  layer.append(hand);
  root.append(layer, spoken);
  const drawn = new Map<string, Drawn>();
  let pointed: { pointer: Pointer; until: number } | undefined;
  let ticking = 0;

  const box = (target: Node): DOMRect | undefined => {
    if (!(target instanceof Element) || !target.isConnected) return undefined;
    // A choice is drawn with its words, as it is pressed.
    const label = target instanceof HTMLInputElement && /radio|checkbox/.test(target.type) ? target.closest('label') : null;
    const rect = (label ?? target).getBoundingClientRect();
    // What is hidden now, as in a step of the form that was left, is nowhere.
    return rect.width === 0 && rect.height === 0 ? undefined : rect;
  };

  /** Followed frame by frame: a page moves under it when it is scrolled, zoomed or filled. */
  const tick = (): void => {
    ticking = 0;
    const now = performance.now();
    const space = measure(root);
    for (const [id, one] of drawn) {
      const at = box(one.node);
      if (now > one.until || !at) {
        erase(id, one);
        continue;
      }
      place(one, space.box(at), space);
    }
    if (pointed && now > pointed.until) pointed = undefined;
    const real = pointed ? box(node(pointed.pointer.node) ?? document) : undefined;
    const under = real && space.box(real);
    hand.hidden = !under;
    if (pointed && under) {
      hand.style.left = `${under.left + pointed.pointer.dx * under.width}px`;
      hand.style.top = `${under.top + pointed.pointer.dy * under.height}px`;
    }
    if (drawn.size > 0 || pointed) wake();
  };
  const wake = (): void => {
    if (ticking === 0) ticking = requestAnimationFrame(tick);
  };

  const place = ({ frame, caption, arrow }: Drawn, at: Box, space: Place): void => {
    const gap = 6;
    frame.style.cssText = `left:${at.left - gap}px;top:${at.top - gap}px;width:${at.width + 2 * gap}px;height:${at.height + 2 * gap}px`;
    const bottom = space.height - barHeight() - EDGE;
    const captionHeight = caption?.offsetHeight ?? 0;
    const arrowHeight = arrow ? 60 : 0;
    const below = at.bottom + gap + EDGE + arrowHeight + captionHeight <= bottom || at.top < captionHeight + arrowHeight + 3 * EDGE;
    const start = below ? at.bottom + gap + 4 : at.top - gap - 4;
    if (arrow) {
      arrow.classList.toggle('up', below);
      arrow.style.left = `${Math.min(Math.max(at.left + Math.min(at.width / 2, 80) - 22, EDGE), space.width - 52)}px`;
      arrow.style.top = `${below ? start : start - arrowHeight}px`;
    }
    if (!caption) return;
    const top = below ? start + arrowHeight + 2 : start - arrowHeight - captionHeight - 2;
    const most = space.width - caption.offsetWidth - EDGE;
    caption.style.left = `${Math.max(EDGE, Math.min(at.left, most))}px`;
    caption.style.top = `${Math.max(EDGE, Math.min(top, bottom - captionHeight))}px`;
  };

  const erase = (id: string, { frame, caption, arrow }: Drawn): void => {
    frame.remove();
    caption?.remove();
    arrow?.remove();
    drawn.delete(id);
  };

  const draw = (mark: { id: string; node: number; kind: Highlight['kind']; text: string; ttl: number }, small?: string): void => {
    const target = node(mark.node);
    const at = target && box(target);
    const old = drawn.get(mark.id);
    if (old) erase(mark.id, old);
    if (!target || !at) return;
    const frame = h('div', { class: `frame ${mark.kind}`, 'data-testid': 'mark', 'data-kind': mark.kind, 'data-mark': mark.id });
    const words = mark.text.slice(0, 200);
    const caption =
      words === '' && small === undefined
        ? undefined
        : h('div', { class: 'caption', 'data-testid': 'mark-text' }, small === undefined ? undefined : h('small', {}, small), words);
    const arrow = mark.kind === 'arrow' ? h('div', { class: 'arrow', 'data-testid': 'mark-arrow' }) : undefined;
    arrow?.append(arrowPicture());
    layer.append(frame, ...(arrow ? [arrow] : []), ...(caption ? [caption] : []));
    const until = mark.ttl > 0 ? performance.now() + Math.min(mark.ttl, 600) * 1000 : Infinity;
    drawn.set(mark.id, { node: target, frame, caption, arrow, until });
    spoken.textContent = words === '' ? t('helperPoints') : words;
    if (at.top < 60 || at.bottom > window.innerHeight - barHeight() - 80) {
      const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
      (target as Element).scrollIntoView({ block: 'center', behavior: calm ? 'auto' : 'smooth' });
    }
    const one = drawn.get(mark.id);
    const space = measure(root);
    if (one) place(one, space.box(at), space);
    wake();
  };

  return {
    highlight: (mark) => draw(mark),
    clear(id) {
      for (const [known, one] of drawn) if (id === undefined || known === id || known === `steps:${id}`) erase(known, one);
    },
    steps({ id, list, at }) {
      const key = `steps:${id}`;
      const old = drawn.get(key);
      if (old) erase(key, old);
      const step = list[at];
      if (!step) {
        spoken.textContent = t('stepsDone');
        return;
      }
      draw({ id: key, node: step.node, kind: 'box', text: step.text, ttl: 0 }, t('stepOf', { at: at + 1, all: list.length }));
    },
    pointer(pointer) {
      pointed = { pointer, until: performance.now() + POINTER_LASTS };
      wake();
    },
    remove() {
      cancelAnimationFrame(ticking);
      layer.remove();
      spoken.remove();
    },
  };
}

function arrowPicture(): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 44 56');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', 'M22 54 2 30h12V2h16v28h12z');
  path.setAttribute('fill', '#c5221f');
  svg.append(path);
  return svg;
}
