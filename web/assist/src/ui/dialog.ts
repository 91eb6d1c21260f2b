import type { Person, Scope } from '@yikouwen/shared/assist/wire';
import type { OwnPage } from '@yikouwen/shared/sharelink';

import { nameOf, type Words } from '../words';
import { button, h } from './dom';

/** Asks for one thing. Closing it any other way than by saying yes is a no. */
export function askConsent(
  root: HTMLElement,
  t: Words,
  asked: { scope: Scope; page: OwnPage | undefined; helper: Person | undefined; purpose: string; /** In the press itself. */ onYes?: () => void },
): { answer: Promise<boolean>; withdraw: () => void } {
  let settle: (yes: boolean) => void = () => undefined;
  const answer = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const before = document.activeElement;
  const list = (words: string): HTMLUListElement => h('ul', {}, ...words.split('|').map((line) => h('li', {}, line)));
  const { scope, page, helper, purpose } = asked;
  // What is seen of a page, and what is not, differs from one kind of page to another.
  const own = page === 'chat' ? 'Chat' : page === 'me' ? 'Me' : '';
  const what = scope === 'view' ? (`view${own}` as const) : scope;
  const name = nameOf(helper, t);
  const title = h('h2', { id: 'ask-title', tabindex: '-1' }, t(`${what}Title`));
  const body = h(
    'div',
    { class: 'dialog-body', id: 'ask-body' },
    title,
    h('p', {}, t(`${what}Ask`, { helper: name })),
    purpose === '' ? undefined : h('p', { class: 'why' }, t('purpose', { purpose })),
    ...(scope === 'view'
      ? [
          h('h3', {}, t('sees')),
          h('div', { class: 'yes' }, list(t(`sees${own}List`))),
          h('h3', {}, t('hidden')),
          h('div', { class: 'never' }, list(t(`hidden${own}List`))),
        ]
      : []),
    ...(scope === 'screen' ? [h('h3', {}, t('screenWarn')), h('div', { class: 'heed' }, list(t('screenList')))] : []),
    h('p', { class: 'note' }, t(`${what}Note`)),
  );
  const end = (yes: boolean): void => {
    if (!veil.isConnected) return;
    veil.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    settle(yes);
  };
  const no = button(t('no'), 'plain', 'consent-no', () => end(false));
  const yes = button(t(`${scope}Yes`), 'primary', 'consent-yes', () => {
    asked.onYes?.();
    end(true);
  });
  const dialog = h(
    'div',
    {
      class: 'dialog',
      role: 'dialog',
      'aria-modal': 'true',
      'aria-labelledby': 'ask-title',
      'aria-describedby': 'ask-body',
      'data-testid': 'consent',
      'data-scope': scope,
    },
    body,
    h('div', { class: 'dialog-buttons' }, yes, no),
  );
  const onKey = (event: Event): void => {
    const { key, shiftKey } = event as KeyboardEvent;
    event.stopPropagation();
    if (key === 'Escape') end(false);
    if (key !== 'Tab') return;
    // The page behind is out of reach while this is asked.
    event.preventDefault();
    const at = (veil.getRootNode() as ShadowRoot).activeElement;
    (at === yes ? no : at === no ? yes : shiftKey ? no : yes).focus();
  };
  const veil = h('div', { class: 'veil', keydown: onKey }, dialog);
  root.append(veil);
  title.focus({ preventScroll: true });
  return { answer, withdraw: () => end(false) };
}
