import { labelOf } from '@yikouwen/shared/assist/label';
import { isForm } from '@yikouwen/shared/assist/touch';

import { classOf, isSecret } from '../fields';
import type { Words } from '../words';
import { button, h } from './dom';

export const REVEAL_SECONDS = 60;

/** Tells of the field one is in that it can't be seen, and offers to show this one for a minute. */
export function createChip(
  root: HTMLElement,
  t: Words,
  presses: { id: (node: Node) => number; onReveal: (node: number) => void; active: () => boolean; barHeight: () => number },
): { hide: () => void; remove: () => void } {
  const until = new Map<Element, number>();
  let field: HTMLElement | undefined;
  const words = h('span');
  const show = button(t('reveal'), 'plain', 'reveal', () => {
    if (!field) return;
    until.set(field, performance.now() + REVEAL_SECONDS * 1000);
    presses.onReveal(presses.id(field));
    field.focus({ preventScroll: true });
    draw();
  });
  const chip = h('div', { class: 'chip', 'data-testid': 'reveal-chip', hidden: true }, words, show);
  root.append(chip);

  const draw = (): void => {
    const there = field?.isConnected === true && presses.active();
    chip.hidden = !there;
    if (!field || !there) return;
    const left = Math.ceil(((until.get(field) ?? 0) - performance.now()) / 1000);
    const label = labelOf(field) || t('thisField');
    words.textContent = left > 0 ? t('revealed', { label, seconds: left }) : t('hiddenField', { label });
    show.hidden = left > 0;
    // At the edge, above the bar: beside the field it would lie on the next one.
    chip.style.bottom = `${presses.barHeight() + 8}px`;
  };
  const onFocus = ({ target }: Event): void => {
    const at = target instanceof HTMLElement ? target : undefined;
    if (at?.classList.contains('rr-block') === true) return;
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
    remove() {
      clearInterval(timer);
      document.removeEventListener('focusin', onFocus);
      chip.remove();
    },
  };
}
