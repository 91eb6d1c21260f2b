/**
 * Parses the small Markdown that messages use into a tree. There is no way to express raw HTML in that tree, so a
 * view that draws it with text nodes is safe whatever the text says; `html.ts` prints it as escaped HTML.
 */

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'break' }
  | { kind: 'strong'; children: Inline[] }
  | { kind: 'link'; href: string; children: Inline[] }
  /** A mark such as [1], which points at a citation. */
  | { kind: 'mark'; number: number };

export interface ListItem {
  children: Inline[];
  sub?: ListBlock;
}
export interface ListBlock {
  kind: 'list';
  ordered: boolean;
  start: number;
  items: ListItem[];
}
export type Block =
  | ListBlock
  | { kind: 'paragraph'; children: Inline[] }
  | { kind: 'heading'; children: Inline[] };

/** Nothing but a number may hide behind tel:, or a link could dial a service code. */
const TELEPHONE = /^tel:\+?[0-9][0-9-]{1,30}$/i;
const WEB_ADDRESS = /^https?:\/\/[^\s<>"'`\\]+$/i;

/** The address a link may have, or nothing when it must not become a link. */
export function safeHref(raw: string): string | undefined {
  if (TELEPHONE.test(raw)) return raw;
  if (!WEB_ADDRESS.test(raw)) return undefined;
  try {
    const url = new URL(raw);
    // A name before an @ is a well-known way to make a foreign site look like an official one.
    if (url.username !== '' || url.password !== '') return undefined;
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

const ESCAPED = /\\([\\*[\]()#\-.])/y;
const MARK = /\[(\d{1,2})\](?!\()/y;
const LINK = /\[([^[\]\n]{1,200})\]\(([^()\s]{1,2000}(?:\([^()\s]{0,200}\)[^()\s]{0,2000})?)\)/y;
// Chinese text follows an address without a space, so an address ends at the first character outside ASCII.
const BARE = /https?:\/\/[!-;=?-~]{1,2000}/iy;
const TRAILING = /[.,;:!?)\]*]+$/;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

export function parseInline(text: string, inStrong = false): Inline[] {
  const out: Inline[] = [];
  let plain = '';
  let at = 0;
  const put = (node: Inline, length: number): void => {
    if (plain !== '') out.push({ kind: 'text', text: plain });
    plain = '';
    out.push(node);
    at += length;
  };
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '\n') {
      put({ kind: 'break' }, 1);
      continue;
    }
    if (char === '\\') {
      const escaped = matchAt(ESCAPED, text, at)?.[1];
      if (escaped !== undefined) {
        plain += escaped;
        at += 2;
        continue;
      }
    }
    if (char === '*' && !inStrong && text.startsWith('**', at)) {
      const end = text.indexOf('**', at + 2);
      if (end > at + 2) {
        put({ kind: 'strong', children: parseInline(text.slice(at + 2, end), true) }, end + 2 - at);
        continue;
      }
    }
    if (char === '[') {
      const mark = matchAt(MARK, text, at);
      if (mark) {
        put({ kind: 'mark', number: Number(mark[1]) }, mark[0].length);
        continue;
      }
      const link = matchAt(LINK, text, at);
      const href = link?.[2] === undefined ? undefined : safeHref(link[2]);
      if (link && href !== undefined) {
        put({ kind: 'link', href, children: [{ kind: 'text', text: link[1] ?? href }] }, link[0].length);
        continue;
      }
      if (link) {
        // A refused link stays visible as it was written, so that nobody is led to believe it was one.
        plain += link[0];
        at += link[0].length;
        continue;
      }
    }
    if (char === 'h' || char === 'H') {
      const bare = matchAt(BARE, text, at)?.[0].replace(TRAILING, '');
      const href = bare === undefined ? undefined : safeHref(bare);
      if (bare !== undefined && href !== undefined) {
        put({ kind: 'link', href, children: [{ kind: 'text', text: bare }] }, bare.length);
        continue;
      }
    }
    plain += char;
    at += 1;
  }
  if (plain !== '') out.push({ kind: 'text', text: plain });
  return out;
}

const BULLET = /^(\s*)[-*•]\s+(.*)$/;
const NUMBERED = /^(\s*)(\d{1,3})[.、)]\s*(\S.*)$/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;

interface ItemLine {
  indent: number;
  ordered: boolean;
  start: number;
  text: string;
}

function itemLine(line: string): ItemLine | undefined {
  const bullet = BULLET.exec(line);
  if (bullet) return { indent: bullet[1]?.length ?? 0, ordered: false, start: 1, text: bullet[2] ?? '' };
  const numbered = NUMBERED.exec(line);
  // "3.5 元" opens a sentence, not a list: a number list needs a space or a Chinese mark after its number.
  if (!numbered || /^\s*\d+\.\d/.test(line)) return undefined;
  return {
    indent: numbered[1]?.length ?? 0,
    ordered: true,
    start: Number(numbered[2]),
    text: numbered[3] ?? '',
  };
}

/** Collects the list that starts at `lines[from]`; deeper indented items become the sub-list of the item above. */
function takeList(lines: string[], from: number, first: ItemLine): { list: ListBlock; next: number } {
  const list: ListBlock = { kind: 'list', ordered: first.ordered, start: first.start, items: [] };
  let next = from;
  while (next < lines.length) {
    const item = itemLine(lines[next] ?? '');
    const last = list.items[list.items.length - 1];
    if (!item) break;
    if (item.indent > first.indent + 1 && last && !last.sub) {
      const inner = takeList(lines, next, item);
      last.sub = inner.list;
      next = inner.next;
      continue;
    }
    if (item.indent < first.indent || item.ordered !== first.ordered) break;
    list.items.push({ children: parseInline(item.text) });
    next += 1;
  }
  return { list, next };
}

export function parseMarkdown(source: string): Block[] {
  const lines = source.replace(/\r\n?/g, '\n').split('\n');
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', children: parseInline(paragraph.join('\n')) });
    paragraph = [];
  };
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const item = itemLine(line);
    const heading = HEADING.exec(line);
    if (item) {
      flush();
      const { list, next } = takeList(lines, at, item);
      blocks.push(list);
      at = next;
      continue;
    }
    if (heading) {
      flush();
      blocks.push({ kind: 'heading', children: parseInline(heading[1] ?? '') });
    } else if (line.trim() === '') flush();
    else paragraph.push(line.trim());
    at += 1;
  }
  flush();
  return blocks;
}
