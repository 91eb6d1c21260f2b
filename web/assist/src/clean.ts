/**
 * The last look at every event before it leaves: what the recorder itself lets through (rrweb masks texts and fields, but
 * no attribute, title, address or style) is brought down to what `allow.ts` and `fields.ts` let be seen.
 */
import { dotDigits, dots } from '@yikouwen/shared/assist/digits';
import type { OwnPage } from '@yikouwen/shared/sharelink';

import { attributeKind, cleanCss, cleanDrawing, ownAddress, pageAddress } from './allow';
import { classOf, isSecret, mayShowChoice, mayShowText, shownValue } from './fields';

type Json = Record<string, unknown>;

export interface CleanContext {
  node: (id: number) => Node | null;
  /** Whether the citizen lets this one field be seen now. */
  revealed: (id: number) => boolean;
  /** Whether an element stands in a part of the page that the citizen lets be seen now. */
  within: (element: Element | null) => boolean;
  /** Told of every shadow root that is part of a picture. */
  shadow?: (root: ShadowRoot) => void;
  page: OwnPage | undefined;
  href: string;
  origin: string;
}

/** An event of rrweb as loosely as a hostile page could make it. */
export interface RawEvent {
  type: number;
  data: unknown;
  timestamp: number;
}

const META = 4;
const FULL = 2;
const INCREMENT = 3;
const [MUTATION, SCROLL, RESIZE, INPUT, RULE, DECLARATION, ADOPTED] = [0, 3, 4, 5, 8, 13, 15];

const ELEMENT_NODE = 2;
const TEXT_NODE = 3;

/** The event fit to leave, or nothing when none of it may. */
export function cleanEvent(event: RawEvent, context: CleanContext): RawEvent | undefined {
  const data = event.data as Json;
  switch (event.type) {
    case META:
      data['href'] = pageAddress(String(data['href']), context.page);
      return event;
    case FULL:
      cleanNode(data['node'] as Json, context);
      return event;
    case INCREMENT:
      return cleanIncrement(data, context) ? event : undefined;
    default:
      return undefined;
  }
}

function cleanIncrement(data: Json, context: CleanContext): boolean {
  const css = (text: unknown): string => cleanCss(String(text), context.href, context.origin);
  switch (data['source']) {
    case MUTATION:
      for (const add of list(data['adds'])) cleanNode(add['node'] as Json, context);
      for (const text of list(data['texts'])) cleanText(text, context);
      for (const change of list(data['attributes'])) {
        const node = context.node(Number(change['id']));
        if (isElement(node)) cleanAttributes(change['attributes'] as Json, node, context);
        else change['attributes'] = {};
      }
      return true;
    case SCROLL:
    case RESIZE:
      return true;
    case INPUT:
      return cleanInput(data, context);
    case RULE:
    case ADOPTED:
      for (const style of list(data['styles'])) for (const rule of list(style['rules'])) rule['rule'] = css(rule['rule']);
      for (const add of list(data['adds'])) add['rule'] = css(add['rule']);
      for (const whole of ['replace', 'replaceSync']) if (typeof data[whole] === 'string') data[whole] = css(data[whole]);
      return true;
    case DECLARATION: {
      const set = data['set'] as Json | undefined;
      if (set) set['value'] = declared(String(set['property']), set['value'], context);
      return true;
    }
    default:
      // Where the pointer is, what is selected, what is played: nothing a helper needs, or sent in another way.
      return false;
  }
}

function declared(property: string, value: unknown, context: CleanContext): unknown {
  if (typeof value !== 'string') return value;
  const clean = cleanCss(`${property}:${value}`, context.href, context.origin);
  return clean.slice(clean.indexOf(':') + 1);
}

function cleanInput(data: Json, context: CleanContext): boolean {
  const id = Number(data['id']);
  const node = context.node(id);
  if (!isElement(node)) return false;
  if (isChoice(node)) {
    data['text'] = '';
    if (!mayShowChoice(node) && !context.revealed(id)) data['isChecked'] = false;
    return true;
  }
  if (classOf(node) === 'block') return false;
  if (context.revealed(id)) return true;
  data['text'] = shownValue(node, (node as HTMLInputElement).value);
  return true;
}

/** What is typed into a field whose choice may not be seen says nothing. */
function isChoice(element: Element): boolean {
  const type = element.getAttribute('type')?.toLowerCase();
  return element.localName === 'input' && (type === 'radio' || type === 'checkbox');
}

function cleanText(change: Json, context: CleanContext): void {
  const value = change['value'];
  if (typeof value !== 'string') return;
  const parent = context.node(Number(change['id']))?.parentNode ?? null;
  const element = isElement(parent) ? parent : parent instanceof ShadowRoot ? parent.host : null;
  change['value'] = context.within(element) ? dotDigits(value) : textFor(value, element, context);
}

function textFor(value: string, parent: Element | null, context: CleanContext): string {
  if (parent?.localName === 'style') return cleanCss(value, context.href, context.origin);
  if (value.trim() === '') return value;
  if (parent?.localName === 'script' || parent?.localName === 'noscript') return '';
  // The recorder has masked it already where it must be; the second look costs little.
  return parent && mayShowText(parent) ? dotDigits(value) : dots(value);
}

function cleanNode(node: Json, context: CleanContext, parent: Element | null = null): void {
  const real = context.node(Number(node['id']));
  const type = node['type'];
  if (type === TEXT_NODE) {
    const around = real?.parentNode ?? parent;
    const element = isElement(around) ? around : around instanceof ShadowRoot ? around.host : parent;
    if (typeof node['textContent'] === 'string') node['textContent'] = textFor(node['textContent'], element, context);
  } else if (type === ELEMENT_NODE) {
    const attributes = (node['attributes'] ?? {}) as Json;
    if (isElement(real)) {
      if (real.shadowRoot) context.shadow?.(real.shadowRoot);
      cleanAttributes(attributes, real, context);
    } else node['attributes'] = {};
  } else if (typeof node['textContent'] === 'string') {
    // Comments and the like.
    node['textContent'] = '';
  }
  for (const child of list(node['childNodes'])) cleanNode(child, context, isElement(real) ? real : parent);
}

function cleanAttributes(attributes: Json, element: Element, context: CleanContext): void {
  const shown = classOf(element) === 'show';
  for (const [name, value] of Object.entries(attributes)) {
    const kept = attribute(name, value, element, shown, context);
    if (kept === undefined) {
      // A removed attribute is told by null, and tells nothing.
      if (value === null) continue;
      Reflect.deleteProperty(attributes, name);
    } else attributes[name] = kept;
  }
}

function attribute(name: string, value: unknown, element: Element, shown: boolean, context: CleanContext): unknown {
  if (value === null) return name.startsWith('on') ? undefined : null;
  if (name === 'value') return fieldValue(value, element, shown);
  if (name === 'checked') return isChoice(element) && mayShowChoice(element) ? value : undefined;
  if (name === 'selected') return shown ? value : undefined;
  switch (attributeKind(name)) {
    case 'gone':
      return undefined;
    case 'shown_only':
      return shown && typeof value === 'string' ? dotDigits(value) : undefined;
    case 'address':
      return address(name, value, element, context);
    case 'drawn':
      return typeof value === 'string' ? cleanDrawing(value) : value;
    case 'style':
      return style(value, context);
    case 'css':
      return typeof value === 'string' ? cleanCss(value, context.href, context.origin) : undefined;
    case 'plain':
      return typeof value === 'string' ? plainValue(name, value) : value;
  }
}

/** Names and classes tie a page together, so a hidden number in one makes it dots rather than nothing. */
function plainValue(name: string, value: string): string {
  return name.startsWith('rr_') ? value.replace(/(\.\d{3})\d+/g, '$1') : dotDigits(value);
}

function address(name: string, value: unknown, element: Element, context: CleanContext): string | undefined {
  // A link tells where it goes, which is the citizen's business; a drawing or a style sheet is the page's.
  const wanted =
    (name === 'href' && element.localName === 'link' && (element as HTMLLinkElement).relList.contains('stylesheet')) ||
    (name === 'href' && element.localName === 'use') ||
    (name === 'src' && element.localName === 'img' && classOf(element) === 'show');
  return wanted && typeof value === 'string' ? ownAddress(value, context.href, context.origin) : undefined;
}

function style(value: unknown, context: CleanContext): unknown {
  if (typeof value === 'string') return cleanCss(value, context.href, context.origin);
  if (typeof value !== 'object' || value === null) return undefined;
  // A change of single properties: name to value, false, or [value, priority].
  const changed = value as Json;
  for (const [property, set] of Object.entries(changed)) {
    if (Array.isArray(set)) changed[property] = [declared(property, set[0], context), set[1]];
    else changed[property] = declared(property, set, context);
  }
  return changed;
}

function fieldValue(value: unknown, element: Element, shown: boolean): unknown {
  const name = element.localName;
  if (isChoice(element)) return undefined;
  if (name === 'option') return shown && typeof value === 'string' ? dotDigits(value) : undefined;
  if (name === 'input' || name === 'textarea' || name === 'select') {
    if (isSecret(element) && element.getAttribute('type') === 'hidden') return undefined;
    return shownValue(element, (element as HTMLInputElement).value);
  }
  return undefined;
}

function isElement(node: Node | null | undefined): node is Element {
  return node?.nodeType === 1;
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
