import { dotDigits } from './digits';

const MOST = 60;

/**
 * What a field is called by the words beside it, computed alike in the citizen's page and in its picture at the
 * helper's: only from labels and legends, which both sides show.
 */
export function labelOf(field: Element): string {
  const own = labelElement(field);
  let words = own ? text(own) : '';
  if (isChoice(field) || words === '') {
    const legend = field.closest('fieldset')?.querySelector('legend');
    const group = legend ? text(legend) : '';
    if (group !== '' && group !== words) words = words === '' ? group : `${group} ${words}`;
  }
  return words.slice(0, MOST);
}

function isChoice(field: Element): boolean {
  const kind = field.getAttribute('type')?.toLowerCase();
  return field.localName === 'input' && (kind === 'radio' || kind === 'checkbox');
}

function labelElement(field: Element): Element | null {
  const root = field.getRootNode() as Document | ShadowRoot;
  if (field.id !== '') {
    for (const label of root.querySelectorAll('label[for]')) {
      if (label.getAttribute('for') === field.id) return label;
    }
  }
  return field.closest('label');
}

/** The words of an element without those of fields inside it. */
function text(element: Element): string {
  let words = '';
  const walk = (node: Node): void => {
    if (node.nodeType === 3) words += node.nodeValue ?? '';
    if (node.nodeType !== 1 || /^(select|textarea|option|output|script|style|noscript)$/.test((node as Element).localName)) return;
    for (const child of node.childNodes) walk(child);
  };
  for (const child of element.childNodes) walk(child);
  return dotDigits(words.replace(/\s+/g, ' ').trim());
}
