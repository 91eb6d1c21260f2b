import type { ServerFrame } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { YikouwenChat } from '../src/element';
import { fakeFetch, FakeSocket, message, pass, welcome } from './harness';

customElements.define('yikouwen-chat', YikouwenChat);

const site = {
  name: '安和市',
  demo: true,
  greeting: { zh: '您好，请问', en: 'Hello, ask' },
  starters: { zh: ['身份证丢了怎么办'], en: ['I lost my ID'] },
  ai_label: { zh: 'AI 生成', en: 'AI made' },
};
const suggestions = [
  { text: '身份证丢了怎么补办', id: 'a', kind: 'faq' },
  { text: '身份证到期换领', id: 'b', kind: 'matter' },
];
const robot: ServerFrame = { t: 'state', conversation: 'a', stage: 'robot', desk_open: true };
let entryFound = true;

function find(id: string): HTMLElement {
  const found = all(id)[0];
  if (!found) throw new Error(`nothing is called ${id}`);
  return found;
}
function all(id: string): HTMLElement[] {
  const root = document.querySelector('yikouwen-chat')?.shadowRoot;
  return Array.from(root?.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`) ?? []);
}
async function server(...frames: ServerFrame[]): Promise<void> {
  FakeSocket.last.say(...frames);
  await pass(50);
}
async function open(attributes = 'data-mode="page"'): Promise<void> {
  document.body.innerHTML = `<yikouwen-chat data-server="https://gov.example" ${attributes}></yikouwen-chat>`;
  await pass(50);
}
async function write(text: string): Promise<HTMLTextAreaElement> {
  const box = find('ask-box') as HTMLTextAreaElement;
  box.value = text;
  box.dispatchEvent(new InputEvent('input', { bubbles: true }));
  await pass(20);
  return box;
}
async function press(target: HTMLElement, key: string, more: KeyboardEventInit = {}): Promise<void> {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
  await pass(20);
}
async function click(target: HTMLElement): Promise<void> {
  target.click();
  await pass(20);
}
const said = (): string[] => FakeSocket.last.frames.flatMap((frame) => (frame.t === 'say' ? [frame.text] : []));

beforeEach(() => {
  vi.useFakeTimers();
  // jsdom lays nothing out, so it has nowhere to scroll to.
  Element.prototype.scrollIntoView = vi.fn();
  localStorage.clear();
  sessionStorage.clear();
  document.documentElement.lang = 'zh-CN';
  FakeSocket.made = [];
  FakeSocket.refuse = false;
  entryFound = true;
  const { fetch } = fakeFetch(({ url }) => {
    if (url.pathname.endsWith('/session')) return { body: { token: 't', visitor: 'v', expires_at: '2030-01-01T00:00:00Z' } };
    if (url.pathname.endsWith('/site')) return { body: site };
    if (url.pathname.endsWith('/suggest')) return { body: { suggestions } };
    return entryFound
      ? { body: { id: 'e', kind: 'matter', title: '补领', windows: [{ name: '窗口', phone: '0000-88001234', lng: 120.1, lat: 30.2 }] } }
      : { status: 404 };
  });
  vi.stubGlobal('fetch', fetch);
  vi.stubGlobal('WebSocket', FakeSocket);
});
afterEach(async () => {
  document.body.innerHTML = '';
  await pass(10);
  vi.useRealTimers();
});

describe('first screen', () => {
  it('greets, labels the AI and offers starters that ask', async () => {
    await open();
    await server(welcome, robot);
    expect(find('greeting').textContent).toContain('您好，请问');
    expect(find('ai-label').textContent).toContain('AI 生成');
    await click(find('starter'));
    expect(said()).toEqual(['身份证丢了怎么办']);
    expect(find('pending').textContent).toContain('身份证丢了怎么办');
    expect(all('starter')).toHaveLength(0);
  });

  it('follows the page and the switch in language, and tells the server', async () => {
    document.documentElement.lang = 'en';
    await open();
    await server(welcome, robot);
    expect(find('greeting').textContent).toContain('Hello, ask');
    await click(find('language-toggle'));
    expect(find('greeting').textContent).toContain('您好');
    await pass(1_000);
    expect(FakeSocket.last.frames[0]).toMatchObject({ t: 'hello', locale: 'zh' });
    expect(localStorage.getItem('yikouwen.locale')).toBe('zh');
  });

  it('remembers the large type', async () => {
    await open();
    await click(find('large-toggle'));
    await open();
    expect(find('large-toggle').getAttribute('aria-pressed')).toBe('true');
  });
});

describe('ask box', () => {
  it('sends on Enter, not on Shift+Enter, and not while a word is composed', async () => {
    await open();
    await server(welcome, robot);
    const box = await write('身份证');
    await press(box, 'Enter', { shiftKey: true });
    await press(box, 'Enter', { isComposing: true });
    await press(box, 'Enter', { keyCode: 229 });
    box.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
    await pass(20);
    await press(box, 'Enter');
    expect(said()).toEqual([]);
    box.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }));
    await pass(20);
    await press(box, 'Enter');
    expect(said()).toEqual(['身份证']);
    expect(box.value).toBe('');
  });

  it('sends nothing when there is nothing', async () => {
    await open();
    await server(welcome, robot);
    await press(await write('   '), 'Enter');
    expect(said()).toEqual([]);
  });

  it('suggests, and asks the suggestion that is chosen with the keys', async () => {
    await open();
    await server(welcome, robot);
    const box = await write('身份证');
    await pass(400);
    expect(all('suggestion')).toHaveLength(2);
    await press(box, 'ArrowDown');
    await press(box, 'ArrowDown');
    expect(box.getAttribute('aria-activedescendant')).toBe('suggestion-1');
    await press(box, 'Enter');
    expect(said()).toEqual(['身份证到期换领']);
    expect(all('suggestions')).toHaveLength(0);
  });

  it('closes the suggestions with Esc', async () => {
    await open();
    await server(welcome, robot);
    const box = await write('身份证');
    await pass(400);
    await press(box, 'Escape');
    expect(all('suggestions')).toHaveLength(0);
    expect(box.value).toBe('身份证');
  });

  it('keeps unsent words over a reload', async () => {
    await open();
    await write('写了一半');
    await open();
    expect((find('ask-box') as HTMLTextAreaElement).value).toBe('写了一半');
  });

  it('gives refused words back to be changed', async () => {
    await open();
    await server(welcome, robot);
    await press(await write('很长很长'), 'Enter');
    const frame = FakeSocket.last.frames.find((one) => one.t === 'say');
    await server({ t: 'error', id: frame?.id ?? '', code: 'too_long' });
    expect(find('notice').textContent).not.toBe('');
    await click(find('edit-again'));
    expect((find('ask-box') as HTMLTextAreaElement).value).toBe('很长很长');
    expect(all('pending')).toHaveLength(0);
  });
});

describe('thread', () => {
  const citations = [{ number: 1, id: 'e', title: '补领', kind: 'matter' as const, quote: '应当申请补领', url: 'javascript:alert(1)' }];

  it('never turns text into markup', async () => {
    await open();
    const evil = '<img src=x onerror=alert(1)> [点](javascript:alert(1)) **<script>alert(1)</script>**';
    await server(welcome, message(1, { text: evil }), message(2, { author: 'helper', name: '<b>张</b>', text: evil }), robot);
    const log = find('thread');
    expect(log.querySelector('img, script, b, a')).toBeNull();
    expect(log.textContent).toContain('<script>alert(1)</script>');
  });

  it('keeps drafts out of the log, and history out of the announcements', async () => {
    await open();
    await server({ ...welcome, last: 2 } as ServerFrame, message(1));
    const log = find('thread').querySelector('[role="log"]');
    expect(log?.getAttribute('aria-live')).toBe('off');
    await server(message(2), robot, { t: 'thinking', turn: 'x' });
    expect(log?.getAttribute('aria-live')).toBe('polite');
    expect(all('thinking')).toHaveLength(1);
    await server({ t: 'delta', turn: 'x', text: '正在' });
    expect(find('draft').closest('[role="log"]')).toBeNull();
  });

  it('opens a citation with its quote and entry, and no script as its address', async () => {
    await open();
    await server(welcome, message(1, { text: '可以补领[1]。', citations, outcome: 'answered' }), robot);
    await click(find('citation-mark'));
    expect(find('sheet-quote').textContent).toBe('应当申请补领');
    expect(find('entry-sheet').querySelector('a[href^="javascript"]')).toBeNull();
    await pass(50);
    expect(find('window-phone').getAttribute('href')).toBe('tel:000088001234');
    expect(find('window-map').getAttribute('href')).toContain('120.1');
    await press(find('sheet-close'), 'Escape');
    expect(all('entry-sheet')).toHaveLength(0);
  });

  it('says so when the entry can not be opened', async () => {
    entryFound = false;
    await open();
    await server(welcome, message(1, { citations }), robot);
    await click(find('citation-chip'));
    await pass(50);
    entryFound = true;
    await click(find('sheet-retry'));
    await pass(50);
    expect(all('entry')).toHaveLength(1);
  });

  it('sends feedback, choices, a rating, and asks for a person', async () => {
    await open();
    await server(
      welcome,
      message(1, { outcome: 'answered' }),
      message(2, { outcome: 'clarify', choices: [{ key: '1', label: '单位' }, { key: '2', label: '自己' }], offer_human: true, ask_rating: true }),
      robot,
    );
    await click(find('feedback-useless'));
    await click(find('offer-human'));
    await click(find('rating-2').querySelector('input') ?? find('rating-2'));
    await click(find('rating-submit'));
    await click(all('choice')[1] ?? find('choice'));
    await click(find('choice'));
    expect(FakeSocket.last.frames.slice(1)).toMatchObject([
      { t: 'feedback', message: 'm1', useful: false },
      { t: 'human' },
      { t: 'rate', score: 2 },
      { t: 'choose', message: 'm2', key: '2' },
    ]);
    expect(find('rating-thanks').textContent).toContain('不满意');
  });

  it('tells the place in the queue, the helper, and offers a new beginning', async () => {
    await open();
    await server(welcome, { ...robot, stage: 'queued', position: 3, wait_seconds: 130 });
    expect(find('status').textContent).toMatch(/第 3 位.*3 分钟/);
    expect(all('human-button')).toHaveLength(0);
    await server({ ...robot, stage: 'serving', helper: '张老师' }, { t: 'typing' });
    expect(find('status').textContent).toContain('张老师');
    expect(find('helper-typing').textContent).toContain('张老师');
    await pass(6_000);
    expect(all('helper-typing')).toHaveLength(0);
    await server({ ...robot, stage: 'closed' });
    await click(find('new-conversation'));
    expect(FakeSocket.last.frames[1]).toMatchObject({ t: 'new' });
  });

  it('makes emergency numbers tap-to-call', async () => {
    await open();
    await server(welcome, message(1, { outcome: 'emergency', call: [{ label: '报警', number: '110' }] }), robot);
    expect(find('call-button').getAttribute('href')).toBe('tel:110');
  });
});

describe('bubble', () => {
  it('stays quiet until opened, and Esc puts it away', async () => {
    await open('');
    expect(FakeSocket.made).toHaveLength(0);
    await click(find('launcher'));
    await pass(50);
    await server(welcome, robot);
    expect(all('chat-panel')).toHaveLength(1);
    await press(find('ask-box'), 'Escape');
    expect(all('chat-panel')).toHaveLength(0);
    await server(message(1));
    expect(find('launcher').getAttribute('aria-label')).toContain('1');
  });
});

describe('a shared form', () => {
  it('is offered as a button, and only where the helper or the server sent it', async () => {
    const href = `https://gov.example/s/${'A'.repeat(22)}#k=${'B'.repeat(22)}`;
    await open();
    await server(welcome, message(1, { author: 'robot', text: href }), message(2, { author: 'system', text: `请打开：${href}` }));
    expect(all('share-card')).toHaveLength(1);
    expect(find('share-link').getAttribute('href')).toBe(href);
    expect(all('message').at(-1)?.textContent).not.toContain('#k=');
  });
});

describe('a page that is shared with a helper', () => {
  const [id, key] = ['A'.repeat(22), 'B'.repeat(22)];
  const link = `https://gov.example/s/${id}#k=${key}&at=chat`;

  it('shows of messages what the helper has in the transcript, and no more', async () => {
    await open();
    await server(welcome, robot, message(1, { author: 'citizen', text: '怎么办' }), message(2, { author: 'citizen', text: '我的电话', private: true }));
    await server(message(3, { author: 'system', text: `请按 ${link}` }), message(4, { author: 'helper', text: `${link} 和 ${link}` }));
    expect(all('message').map((one) => one.dataset['assist'])).toEqual(['show', 'mask', 'show', 'mask']);
    expect(all('message')[2]?.textContent).not.toContain(key);
    expect(all('ask-box')[0]?.closest('[data-assist]'), 'what is not sent yet').toBeNull();
  });
  it('is not one where the chat is a part of somebody’s site', async () => {
    await open();
    await server(welcome, robot, message(1, { author: 'system', text: `请按 ${link}` }));
    expect(all('share-link')).toEqual([]);
    expect(find('share-elsewhere').textContent).toContain('别的网站');
  });
  it('keeps its styles in an element only where it is the server’s own page', async () => {
    const styles = (): number => document.querySelector('yikouwen-chat')?.shadowRoot?.querySelectorAll('style').length ?? -1;
    vi.stubGlobal('CSSStyleSheet', class {
      replaceSync(): void {}
    });
    await open();
    expect(styles()).toBe(0);
    document.body.innerHTML = `<yikouwen-chat data-server="${location.origin}" data-mode="page"></yikouwen-chat>`;
    await pass(50);
    expect(styles()).toBe(1);
  });
});
