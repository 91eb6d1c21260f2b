import { nearest } from '@yikouwen/shared/assist/around';
import { labelOf } from '@yikouwen/shared/assist/label';
import { isForm } from '@yikouwen/shared/assist/touch';

import { classOf, isSecret } from '../fields';
import type { Words } from '../words';
import { button, h } from './dom';

export const REVEAL_SECONDS = 60;

/**
 * Tells of the field one is in, or else of the part of the page one has before one's eyes, that it can't be seen, and offers to
 * show it for a minute.
 */
export function createChip(
  root: HTMLElement,
  t: Words,
  presses: { id: (node: Node) => number; onReveal: (node: number) => void; active: () => boolean; barHeight: () => number },
): { hide: () => void; forget: () => void; remove: () => void } {
  const until = new Map<Element, number>();
  let field: HTMLElement | undefined;
  const shown = (): HTMLElement | undefined => field ?? regions().find((one) => presses.id(one) > 0);
  const words = h('span');
  const show = button(t('reveal'), 'plain', 'reveal', () => {
    const one = shown();
    if (!one) return;
    until.set(one, performance.now() + REVEAL_SECONDS * 1000);
    presses.onReveal(presses.id(one));
    field?.focus({ preventScroll: true });
    draw();
  });
  const chip = h('div', { class: 'chip', 'data-testid': 'reveal-chip', hidden: true }, words, show);
  root.append(chip);

  const draw = (): void => {
    if (field?.isConnected === false) field = undefined;
    const one = presses.active() ? shown() : undefined;
    chip.hidden = !one;
    if (!one) return;
    const left = Math.ceil(((until.get(one) ?? 0) - performance.now()) / 1000);
    const label = (one.getAttribute('data-assist-reveal') ?? labelOf(one)) || t('thisField');
    words.textContent = left > 0 ? t('revealed', { label, seconds: left }) : t('hiddenField', { label });
    show.hidden = left > 0;
    // At the edge, above the bar: beside the field it would lie on the next one.
    chip.style.bottom = `${presses.barHeight() + 8}px`;
  };
  const onFocus = (event: Event): void => {
    // In a chat that is drawn in a shadow root the field is deeper than it is told.
    const [target] = event.composedPath();
    const at = target instanceof HTMLElement ? target : undefined;
    if (at && nearest(at, '.rr-block')) return;
    const kind = at && classOf(at);
    const maskable = at && isForm(at) && at.localName !== 'button' && !/submit|button|file|image|reset/.test((at as HTMLInputElement).type);
    const hidden = maskable === true && (kind === 'mask' || kind === 'tail4') && !isSecret(at) && presses.id(at) > 0;
    field = hidden ? at : undefined;
    draw();
  };
  const timer = window.setInterval(draw, 500);
  document.addEventListener('focusin', onFocus);
  return {
    hide() {
      field = undefined;
      draw();
    },
    forget() {
      until.clear();
      draw();
    },
    remove() {
      clearInterval(timer);
      document.removeEventListener('focusin', onFocus);
      chip.remove();
    },
  };
}

/** The parts of the page that are on the screen and have something to show. */
function regions(): HTMLElement[] {
  return Array.from(document.querySelectorAll<HTMLElement>('[data-assist-reveal]')).filter((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight && one.textContent.trim() !== '';
  });
}
