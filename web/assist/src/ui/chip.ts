import { isForm } from '@yikouwen/shared/assist/touch';

import { classOf, isSecret } from '../fields';
import type { Words } from '../words';
import { button, h } from './dom';
import { measure } from './place';

export const REVEAL_SECONDS = 60;

/** Tells at the field one is in that it can't be seen, and offers to show this one for a minute. */
export function createChip(
  root: HTMLElement,
  t: Words,
  presses: { id: (node: Node) => number; onReveal: (node: number) => void; active: () => boolean },
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
    words.textContent = left > 0 ? t('revealed', { seconds: left }) : t('hiddenField');
    show.hidden = left > 0;
    const space = measure(root);
    const at = space.box(field.getBoundingClientRect());
    const above = at.top - chip.offsetHeight - 8;
    // Beside the field where there is room, so that it hides neither the words above nor the field below.
    const beside = at.right + 12 + chip.offsetWidth <= space.width;
    chip.style.left = `${beside ? at.right + 12 : Math.max(8, Math.min(at.left, space.width - chip.offsetWidth - 8))}px`;
    chip.style.top = `${beside ? at.top : at.bottom + 6 + chip.offsetHeight < space.height ? at.bottom + 6 : Math.max(4, above)}px`;
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
  document.addEventListener('scroll', draw, { capture: true, passive: true });
  return {
    hide() {
      field = undefined;
      draw();
    },
    remove() {
      clearInterval(timer);
      document.removeEventListener('focusin', onFocus);
      document.removeEventListener('scroll', draw, { capture: true });
      chip.remove();
    },
  };
}
