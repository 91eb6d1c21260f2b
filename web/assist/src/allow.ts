/** What of a page's markup and style may leave it. What is not named here stays. */
import { dotDigits } from '@yikouwen/shared/assist/digits';
import type { OwnPage } from '@yikouwen/shared/sharelink';

const ATTRIBUTES = new Set([
  'id', 'class', 'for', 'name', 'type', 'role', 'lang', 'dir', 'hidden', 'open', 'style', 'rel', 'media', 'charset',
  'disabled', 'readonly', 'required', 'multiple', 'size', 'rows', 'cols', 'autocomplete', 'inputmode', 'novalidate',
  'colspan', 'rowspan', 'scope', 'headers', 'span', 'width', 'height', 'align', 'valign', 'border', 'cellpadding',
  'cellspacing', 'tabindex', 'start', 'reversed', 'wrap',
  'aria-hidden', 'aria-expanded', 'aria-invalid', 'aria-required', 'aria-current', 'aria-selected', 'aria-checked',
  'aria-disabled', 'aria-describedby', 'aria-labelledby', 'aria-controls', 'aria-live', 'aria-busy',
  'data-assist', 'data-assist-show', 'data-assist-block', 'data-assist-kind', 'data-assist-declaration', 'data-rr-is-password',
  'fill', 'stroke', 'stroke-linecap', 'stroke-linejoin', 'fill-rule', 'clip-rule', 'xmlns', 'preserveAspectRatio', 'focusable',
  // The recorder's own.
  'rr_width', 'rr_height', 'rr_left', 'rr_top', 'rr_scrollLeft', 'rr_scrollTop', 'rr_open_mode', '_cssText',
]);
/** The drawings of icons. */
const DRAWN = new Set([
  'viewbox', 'viewBox', 'd', 'points', 'cx', 'cy', 'r', 'rx', 'ry', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'transform', 'opacity',
  'stroke-width', 'stroke-dasharray',
]);
/** Where a page lets its own choices be seen, and nowhere else. */
const SHOWN_ONLY = new Set(['placeholder', 'label', 'min', 'max', 'step', 'maxlength']);
const ADDRESSES = new Set(['href', 'src']);

export type AttributeKind = 'plain' | 'shown_only' | 'address' | 'drawn' | 'style' | 'css' | 'gone';

export function attributeKind(name: string): AttributeKind {
  if (name === 'style') return 'style';
  if (name === '_cssText') return 'css';
  if (ADDRESSES.has(name)) return 'address';
  if (DRAWN.has(name)) return 'drawn';
  if (SHOWN_ONLY.has(name)) return 'shown_only';
  return ATTRIBUTES.has(name) ? 'plain' : 'gone';
}

/** The address without query and fragment, when it is on this origin and hides no number; else nothing. */
export function ownAddress(address: string, base: string, origin: string): string | undefined {
  try {
    const url = new URL(address, base);
    if (url.origin !== origin || !/^https?:$/.test(url.protocol)) return undefined;
    const bare = url.origin + url.pathname;
    return dotDigits(bare) === bare && dotDigits(decodeURIComponent(bare)) === decodeURIComponent(bare) ? bare : undefined;
  } catch {
    return undefined;
  }
}

/** The page's own address for the other side. That of a page of ours may name a login, which is the citizen's alone. */
export function pageAddress(href: string, page?: OwnPage): string {
  try {
    const { origin, pathname } = new URL(href);
    if (page) return `${origin}/${page === 'me' ? 'me' : ''}`;
    const readable = decodeURIComponent(pathname);
    return origin + (dotDigits(readable) === readable ? pathname : '/');
  } catch {
    return '';
  }
}

/**
 * Numbers of drawings and styles are cut short and kept apart, so that none looks like somebody's number, to us or to the
 * server: it takes single spaces and hyphens between digits for a way of writing one.
 */
function shortNumbers(text: string): string {
  return text.replace(/(\.\d{3})\d+/g, '$1').replace(/\d{6,}/g, '99999');
}

/** The numbers of a drawing, with commas between. */
export function cleanDrawing(text: string): string | undefined {
  if (!/^[\w\s.,()+-]*$/.test(text)) return undefined;
  return dotDigits(shortNumbers(text).replace(/(\d)[ \u00a0](?=\d)/g, '$1,').replace(/(\d)-(?=\d)/g, '$1,-'));
}

const STRING = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/g;
const KEEPS_STRINGS = /(\[[^\]]*|font-family\s*:[^;}]*|font\s*:[^;}]*|@charset\s*|format\(\s*|local\(\s*|grid-[a-z-]*\s*:[^;}]*|quotes\s*:[^;}]*)$/i;

/** Style without words, foreign addresses, or anything that looks like a number of somebody. */
export function cleanCss(text: string, base: string, origin: string): string {
  const quiet = text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/@import[^;]*;/gi, '')
    .replace(/unicode-range\s*:[^;}]*;?/gi, '')
    .replace(/url\(\s*(?:"([^"]*)"|'([^']*)'|([^)]*))\s*\)/gi, (_all, double?: string, single?: string, bare?: string) => {
      const own = ownAddress((double ?? single ?? bare ?? '').trim(), base, origin);
      return own === undefined ? 'none' : `url("${own}")`;
    })
    .replace(STRING, (string: string, at: number, whole: string) => {
      const before = whole.slice(Math.max(0, at - 200), at);
      // A star, an arrow or an icon's sign is no word.
      if (string.length <= 3 || /^.\\[0-9a-f]{2,5}.$/i.test(string)) return string;
      return KEEPS_STRINGS.test(before) || /url\($/.test(before) ? string : '""';
    })
    .replace(/#([0-9a-f]{8}|[0-9a-f]{6})(?![0-9a-z_-])/gi, (_all, hex: string) => rgb(hex));
  return dotDigits(shortNumbers(quiet).replace(/(\d)[ \u00a0](?=\d)/g, '$1  '));
}

function rgb(hex: string): string {
  const [red = 0, green = 0, blue = 0, alpha] = (hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  return alpha === undefined ? `rgb(${red},${green},${blue})` : `rgba(${red},${green},${blue},${(alpha / 255).toFixed(2)})`;
}
