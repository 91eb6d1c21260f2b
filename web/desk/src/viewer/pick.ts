import { nearest } from '@yikouwen/shared/assist/around';
import { DOT } from '@yikouwen/shared/assist/digits';
import { labelOf } from '@yikouwen/shared/assist/label';
import { forbidden, isForm } from '@yikouwen/shared/assist/touch';

import type { Picked } from './speech';

/** What stands at a place of the drawn page: the field behind a label rather than the label, the button rather than its icon. */
export function fieldAt(element: Element): Element {
  const label = element.closest('label');
  if (!label) return element.closest('button, a') ?? element;
  const inside = label.querySelector('input, select, textarea');
  if (inside) return inside;
  const named = label.getAttribute('for');
  const root = element.getRootNode() as Document | ShadowRoot;
  return (named !== null && named !== '' && root.getElementById(named)) || element;
}

// Elements of another frame are of another realm, so they are told apart by name.
export function describe(element: Element, node: number): Picked {
  const words = (labelOf(element) || (element.textContent.trim() || element.localName)).replace(/\s+/g, ' ').slice(0, 40);
  if (!isForm(element)) return { node, words };
  const type = element.getAttribute('type')?.toLowerCase() ?? 'text';
  const choice = element.localName === 'input' && (type === 'radio' || type === 'checkbox');
  const why = forbidden(element);
  // What a button says is the page's own.
  const hidden = element.localName === 'button' ? undefined : hiddenBy(element);
  const input = element as HTMLInputElement;
  return {
    node,
    words,
    field: {
      name: element.getAttribute('name') ?? '',
      label: labelOf(element),
      kind: choice ? 'choice' : element.localName === 'select' ? 'select' : element.localName === 'textarea' ? 'long' : 'text',
      options: element.localName === 'select' ? options(element as HTMLSelectElement) : [],
      shown: choice ? (hidden ? '' : String(input.checked)) : input.value,
      ...(why === undefined ? {} : { forbidden: why }),
      ...(hidden === undefined ? {} : { hidden }),
    },
  };
}

function options(select: HTMLSelectElement): { value: string; text: string }[] {
  return Array.from(select.options, ({ value, text }) => ({ value, text: text.trim() })).filter(
    ({ text, value }) => value !== '' && text !== '' && !text.includes(DOT),
  );
}

function hiddenBy(element: Element): 'mask' | 'tail4' | 'block' | undefined {
  const told = nearest(element, '[data-assist], [data-assist-show], [data-assist-block]');
  const word = told?.getAttribute('data-assist');
  if (told?.hasAttribute('data-assist-block') === true) return 'block';
  if (word === 'tail4' || word === 'block') return word;
  return word === 'show' || (word === null && told?.hasAttribute('data-assist-show') === true) ? undefined : 'mask';
}
