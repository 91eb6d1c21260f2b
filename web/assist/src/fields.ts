/** What of a field or a text may be seen from the other side. Nothing, unless the page says so. */
import { around, BLOCKED } from '@yikouwen/shared/assist/around';
import { DOT, dotDigits, dots } from '@yikouwen/shared/assist/digits';
import { labelOf } from '@yikouwen/shared/assist/label';

import { check, plain, type NumberKind, type Verdict } from './validity';

export type FieldClass = 'show' | 'mask' | 'tail4' | 'block';

/** Shown without being asked to: what the page's author wrote, not what the citizen did. */
const AUTHORED = 'label, legend, h1, h2, h3, button';
/** What a page writes back of what was entered, wherever it stands. */
const ECHO = 'output, textarea, [contenteditable]:not([contenteditable="false"]), title';

/** The nearest word about it counts, through shadow roots too. */
export function classOf(element: Element): FieldClass {
  return declared(element, false) ?? 'mask';
}

export function mayShowText(parent: Element): boolean {
  return declared(parent, true) === 'show';
}

function declared(start: Element, authored: boolean): FieldClass | undefined {
  let nearest: FieldClass | undefined;
  for (const at of around(start)) {
    // Nothing within a blocked part is seen, whatever stands there: the recorder does not look beyond a shadow root for one.
    if (isBlocked(at)) return 'block';
    nearest ??= declaredAt(at, authored);
  }
  return nearest;
}

function declaredAt(at: Element, authored: boolean): FieldClass | undefined {
  const word = at.getAttribute('data-assist');
  if (word === 'show' || word === 'mask' || word === 'tail4') return word;
  if (word !== null) return 'mask';
  if (at.hasAttribute('data-assist-show')) return 'show';
  if (authored && at.matches(ECHO)) return 'mask';
  if (authored && at.matches(AUTHORED)) return 'show';
  return undefined;
}

/** Whether the chat that is the whole of its own page may be seen. */
let chatIsSeen = false;

export function letChatBeSeen(on: boolean): void {
  chatIsSeen = on;
}

function isBlocked(at: Element): boolean {
  if (at.localName === 'yikouwen-chat') return !chatIsSeen || at.getAttribute('data-mode') !== 'page';
  return at.matches(BLOCKED);
}

/** A text as the other side may see it. */
export function shownText(text: string, parent: Element | null): string {
  if (text.trim() === '') return text;
  if (parent && mayShowText(parent)) return dotDigits(text);
  return dots(text);
}

const WORDS: Record<NumberKind, RegExp> = {
  id: /身份证|证件号|id.?card|identity/i,
  phone: /手机|电话|phone|mobile|tel/i,
  card: /银行卡|卡号|账号|bank|card/i,
};

export function numberKind(field: Element): NumberKind {
  const said = field.getAttribute('data-assist-kind');
  if (said === 'id' || said === 'phone' || said === 'card') return said;
  if (field.getAttribute('type') === 'tel') return 'phone';
  const words = `${labelOf(field)} ${field.getAttribute('name') ?? ''} ${field.id}`;
  if (WORDS.id.test(words)) return 'id';
  return WORDS.phone.test(words) ? 'phone' : 'card';
}

const VERDICTS: Record<Verdict, string> = {
  ok: '校验通过',
  short: '位数不够',
  long: '位数太多',
  letters: '有不该有的字符',
  date: '生日不对',
  check: '校验不对',
};

/** So much of a number that two people can speak about it, and whether it is well formed: never six digits in a row. */
export function tailed(kind: NumberKind, text: string): string {
  const number = Array.from(plain(text));
  if (number.length === 0) return '';
  const verdict = VERDICTS[check(kind, text)];
  const end = (count: number): string => number.slice(-count).join('');
  const gap = DOT.repeat(4);
  // A short number would be told whole by its ends.
  if (number.length < 8) return `${gap}（${verdict}）`;
  if (kind === 'id') return `${number[0] ?? ''}${gap}${end(1)}（${number.length} 位，${verdict}）`;
  const start = kind === 'phone' ? number.slice(0, 3).join('') : '';
  return `${start}${gap}${end(4)}（${verdict}）`;
}

/** A field's value as the other side may see it. */
export function shownValue(field: Element, value: string): string {
  if (value === '' || isSecret(field)) return value === '' ? '' : dots('12345678');
  switch (classOf(field)) {
    case 'show':
      return dotDigits(value);
    case 'tail4':
      return tailed(numberKind(field), value);
    case 'mask':
    case 'block':
      return dots(value);
  }
}

/** A password is one even when the page shows it, and whatever its author declared. */
export function isSecret(field: Element): boolean {
  const type = field.getAttribute('type')?.toLowerCase();
  return (
    type === 'password' ||
    type === 'hidden' ||
    field.hasAttribute('data-rr-is-password') ||
    /password|one-time-code|cc-csc/.test(field.getAttribute('autocomplete') ?? '')
  );
}

/** A part of one of our pages whose texts the citizen may let be seen for a moment; it says what it is called. */
export function isRegion(element: Element): boolean {
  return element.hasAttribute('data-assist-reveal');
}

/** Whether a choice's state may be seen. */
export function mayShowChoice(field: Element): boolean {
  return classOf(field) === 'show' && !isSecret(field);
}
