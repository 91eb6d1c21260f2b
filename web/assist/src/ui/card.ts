import type { FillResult, Proposal } from '@yikouwen/shared/assist/wire';

import { apply, judge, raw, type Candidate } from '../fill';
import type { Words } from '../words';
import { button, h } from './dom';
import { measure } from './place';

const EXPIRES = 60;
const UNDO = 10;

export interface Cards {
  propose: (proposal: Proposal) => void;
  /** Everything still open is refused. */
  clear: () => void;
}

interface Open {
  proposal: Proposal;
  close: () => void;
}

/** One proposal at a time, beside its field; the others wait, each with its own end. */
export function createCards(
  root: HTMLElement,
  t: Words,
  node: (id: number) => Node | null,
  barHeight: () => number,
  answer: (id: string, result: FillResult) => void,
): Cards {
  const waiting: { proposal: Proposal; until: number }[] = [];
  let open: Open | undefined;
  let allowAll = false;
  let toast: { element: HTMLElement; timer: number } | undefined;

  const next = (): void => {
    open = undefined;
    const one = waiting.shift();
    if (!one) return;
    if (performance.now() > one.until) {
      answer(one.proposal.id, 'expired');
      next();
    } else show(one.proposal, one.until);
  };

  const done = (proposal: Proposal, candidate: Candidate): void => {
    const undo = apply(candidate.field, proposal.value);
    answer(proposal.id, 'applied');
    say(t('applied', { label: candidate.label }), {
      words: t('undo'),
      act: () => {
        undo();
        answer(proposal.id, 'undone');
        say(t('undone'));
      },
    });
  };

  const say = (words: string, offer?: { words: string; act: () => void }): void => {
    if (toast) {
      clearTimeout(toast.timer);
      toast.element.remove();
    }
    const element = h(
      'div',
      { class: 'toast', role: 'status', 'data-testid': 'fill-toast', style: `bottom:${barHeight() + 12}px` },
      h('span', {}, words),
      offer ? button(offer.words, 'plain', 'fill-undo', offer.act) : undefined,
    );
    root.append(element);
    const timer = window.setTimeout(() => element.remove(), (offer ? UNDO : 4) * 1000);
    toast = { element, timer };
  };

  /** Looked at again at the very moment: the page may have changed under the card. */
  const agree = (proposal: Proposal, seen: Candidate): void => {
    const now = judge(proposal, node(proposal.node));
    if (typeof now === 'string' || now.field !== seen.field || raw(now.field) !== seen.raw) {
      answer(proposal.id, now === 'denied' ? 'denied' : 'stale');
      say(t('stale'));
    } else done(proposal, now);
  };

  const show = (proposal: Proposal, until: number): void => {
    const candidate = judge(proposal, node(proposal.node));
    if (typeof candidate === 'string') {
      answer(proposal.id, candidate);
      next();
      return;
    }
    if (allowAll && candidate.harmless) {
      done(proposal, candidate);
      next();
      return;
    }
    const left = h('p', { class: 'left', 'aria-hidden': 'true' });
    const count = (): void => {
      const seconds = Math.ceil((until - performance.now()) / 1000);
      left.textContent = t('seconds', { seconds: Math.max(0, seconds) });
      if (seconds > 0) return;
      close();
      answer(proposal.id, 'expired');
      next();
    };
    const timer = window.setInterval(count, 500);
    const close = (): void => {
      clearInterval(timer);
      card.remove();
    };
    const press = (what: () => void) => () => {
      close();
      what();
      next();
    };
    const choice = candidate.field instanceof HTMLInputElement && /radio|checkbox/.test(candidate.field.type);
    const written = (words: string): string =>
      words === '' ? t(choice ? 'notTicked' : 'empty') : choice ? t('ticked') : words;
    const card = h(
      'section',
      { class: 'card', role: 'dialog', 'aria-label': t('cardTitle'), 'data-testid': 'fill-card' },
      h('h2', { tabindex: '-1' }, t('cardTitle')),
      h(
        'dl',
        {},
        h('dt', {}, t('cardField')),
        h('dd', { 'data-testid': 'fill-label' }, candidate.label),
        h('dt', {}, t('cardBefore')),
        h('dd', {}, h('span', { class: candidate.before === '' ? 'nothing' : 'before', 'data-testid': 'fill-before' }, written(candidate.before))),
        h('dt', {}, t('cardAfter')),
        h('dd', {}, h('span', { class: 'after', 'data-testid': 'fill-after' }, written(candidate.after))),
        ...(proposal.purpose === '' ? [] : [h('dt', {}, t('cardWhy')), h('dd', {}, proposal.purpose.slice(0, 200))]),
      ),
      h(
        'div',
        { class: 'card-buttons' },
        button(t('apply'), 'primary', 'fill-apply', press(() => agree(proposal, candidate))),
        button(t('reject'), 'plain', 'fill-reject', press(() => answer(proposal.id, 'rejected'))),
        candidate.harmless
          ? button(t('applyAll'), 'wide', 'fill-all', press(() => {
              allowAll = true;
              agree(proposal, candidate);
            }))
          : undefined,
      ),
      left,
    );
    root.append(card);
    count();
    open = { proposal, close };
    const at = candidate.field.getBoundingClientRect();
    if (at.top < 0 || at.bottom > window.innerHeight) candidate.field.scrollIntoView({ block: 'center' });
    settle(root, card, candidate.field, barHeight());
    card.querySelector('h2')?.focus({ preventScroll: true });
  };

  return {
    propose(proposal) {
      const until = performance.now() + EXPIRES * 1000;
      if (open) waiting.push({ proposal, until });
      else show(proposal, until);
    },
    clear() {
      allowAll = false;
      const all = [...(open ? [open.proposal] : []), ...waiting.map(({ proposal }) => proposal)];
      open?.close();
      open = undefined;
      waiting.length = 0;
      for (const { id } of all) answer(id, 'rejected');
    },
  };
}

/** Beside the field without hiding it: below, else above; on a small screen at the edge that the field is not at. */
function settle(root: HTMLElement, card: HTMLElement, field: HTMLElement, bar: number): void {
  const space = measure(root);
  const at = space.box(field.getBoundingClientRect());
  const room = space.height - bar;
  if (at.bottom + 12 + card.offsetHeight <= room) card.style.top = `${at.bottom + 12}px`;
  else if (at.top - 12 - card.offsetHeight >= 0) card.style.top = `${at.top - 12 - card.offsetHeight}px`;
  else card.style.bottom = `${bar + 8}px`;
  card.style.maxHeight = `${room - 16}px`;
  if (space.width > 480) {
    card.style.right = 'auto';
    card.style.left = `${Math.max(12, Math.min(at.left, space.width - card.offsetWidth - 12))}px`;
  }
}
