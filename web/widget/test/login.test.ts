import type { LoginState } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { YikouwenChat } from '../src/element';
import { browserWindows, codeOf, Login, type LoginStep, type Windows } from '../src/login';
import { SessionKeeper } from '../src/session';
import { fakeFetch, FakeSocket, memoryKeep, message, pass, welcome, type Answer, type Request } from './harness';

const SERVER = new URL('https://gov.example/');
const BASE = new URL('channels/web/', SERVER);
const ticket = { id: 'login-1', url: 'https://gov.example/login/login-1', expires_at: '2030-01-01T00:00:00Z' };
const good = { yikouwen: 'login', login: 'login-1', code: '123456' };

let answers: Record<string, Answer>;
let requests: Request[];
let states: LoginState[];
let steps: LoginStep[];
let went: string[];
let closed: number;
let login: Login;

function make(windows: Partial<Windows> = {}): Login {
  let sessions = 0;
  const made = fakeFetch(({ method, url }) => {
    if (url.pathname.endsWith('/session')) return { body: { token: `token-${(sessions += 1)}`, visitor: 'v', expires_at: '' } };
    return answers[`${method} ${url.pathname.replace('/channels/web/', '')}`] ?? { status: 404 };
  });
  requests = made.requests;
  login = new Login({
    base: BASE,
    server: SERVER,
    session: new SessionKeeper(new URL('session', BASE).href, memoryKeep(), made.fetch),
    fetch: made.fetch,
    windows: {
      open: () => ({ close: () => void (closed += 1), closed: false, location: { replace: (url: string | URL) => went.push(`window ${String(url)}`) } }),
      leave: (url) => went.push(`page ${url}`),
      single: false,
      ...windows,
    },
    onState: (state) => states.push(state),
    onStep: (step) => steps.push(step),
  });
  login.start();
  return login;
}
const confirms = (): unknown[] => requests.filter(({ url }) => url.pathname.endsWith('/confirm')).map(({ body }) => body);
async function say(data: unknown, origin = SERVER.origin): Promise<void> {
  window.dispatchEvent(new MessageEvent('message', { data, origin }));
  await pass(20);
}

beforeEach(() => {
  vi.useFakeTimers();
  answers = {
    'GET login': { body: { linked: false } },
    'POST login': { body: ticket },
    'POST login/confirm': { body: { linked: true } },
  };
  states = [];
  steps = [];
  went = [];
  closed = 0;
});
afterEach(() => {
  login.stop();
  vi.useRealTimers();
});

describe('a code', () => {
  it('is taken from the own server about the own login only', () => {
    make();
    const read = (data: unknown, origin = SERVER.origin, id: string | undefined = 'login-1'): string | undefined =>
      codeOf({ data, origin }, SERVER.origin, id);
    expect(read(good)).toBe('123456');
    for (const origin of ['https://evil.example', 'https://gov.example.evil.example', 'http://gov.example', 'https://gov.example:8443', 'null', '']) {
      expect(read(good, origin), origin).toBeUndefined();
    }
    expect(codeOf({ data: good, origin: SERVER.origin }, SERVER.origin, undefined), 'none was begun').toBeUndefined();
    const hostile: unknown[] = [
      { ...good, login: 'login-2' },
      { ...good, login: ['login-1'] },
      { ...good, yikouwen: true },
      { ...good, code: 123456 },
      { ...good, code: '12345' },
      { ...good, code: '123456\n' },
      { ...good, code: '１２３４５６' },
      { ...good, code: { toString: () => '123456' } },
      { login: 'login-1', code: '123456' },
      JSON.stringify(good),
      [good],
      null,
      undefined,
      7,
    ];
    for (const data of hostile) expect(read(data), JSON.stringify(data)).toBeUndefined();
  });
});

describe('logging in', () => {
  it('opens the window in the task of the click, sends it to the login page, and confirms its code once', async () => {
    const open = vi.fn(() => ({ close: vi.fn(), closed: false, location: { replace: (url: string | URL) => went.push(String(url)) } }));
    make({ open });
    await pass(20);
    expect(states).toEqual([{ linked: false }]);
    void login.begin();
    expect(open, 'before anything is awaited').toHaveBeenCalledOnce();
    await pass(20);
    expect(went).toEqual([ticket.url]);
    expect(steps).toEqual(['opening', 'away']);
    answers['GET login'] = { body: { linked: true, name: '张*', unresolved: 2 } };
    await say(good);
    await say(good);
    expect(confirms()).toEqual([{ code: '123456' }]);
    expect(requests.every(({ token, url }) => url.pathname.endsWith('/session') || token === 'token-1')).toBe(true);
    expect(states[states.length - 1]).toEqual({ linked: true, name: '张*', unresolved: 2 });
    expect(steps[steps.length - 1]).toBe('idle');
  });

  it('confirms nothing that a stranger says', async () => {
    make();
    await say(good);
    void login.begin();
    await pass(20);
    await say(good, 'https://evil.example');
    await say({ ...good, login: 'login-of-somebody-else' });
    await say({ ...good, code: 'abcdef' });
    expect(confirms()).toEqual([]);
    await say(good);
    expect(confirms()).toHaveLength(1);
  });

  it('leaves the page where no second window opens, and in views of apps without trying', async () => {
    make({ open: () => null });
    await login.begin();
    expect(went).toEqual([`page ${ticket.url}`]);
    login.stop();
    went = [];
    const open = vi.fn(() => null);
    make({ single: true, open });
    await login.begin();
    expect(open).not.toHaveBeenCalled();
    expect(went).toEqual([`page ${ticket.url}`]);
  });

  it('closes the window again when the server is out of reach, and goes to no address that is none', async () => {
    answers['POST login'] = 'fail';
    make();
    await login.begin();
    expect(closed).toBe(1);
    expect(steps).toEqual(['opening', 'failed']);
    answers['POST login'] = { body: { ...ticket, url: 'javascript:alert(1)' } };
    await login.begin();
    expect(went).toEqual([]);
    expect(closed).toBe(2);
  });

  it('begins once, however often it is pressed', async () => {
    make();
    const both = [login.begin(), login.begin()];
    await Promise.all(both);
    expect(requests.filter(({ method, url }) => method === 'POST' && url.pathname.endsWith('/login'))).toHaveLength(1);
  });

  it('asks again when the citizen is back, and not before he left', async () => {
    make();
    await pass(20);
    const asked = (): number => requests.filter(({ method }) => method === 'GET').length;
    window.dispatchEvent(new Event('focus'));
    await pass(20);
    expect(asked()).toBe(1);
    await login.begin();
    answers['GET login'] = { body: { linked: true, name: null, unresolved: 0 } };
    window.dispatchEvent(new Event('focus'));
    await pass(20);
    expect(asked()).toBe(2);
    expect(states[states.length - 1]).toMatchObject({ linked: true });
  });

  it('renews a session that has run out', async () => {
    answers['GET login'] = { status: 401 };
    make();
    await pass(20);
    expect(requests.filter(({ url }) => url.pathname.endsWith('/login')).map(({ token }) => token)).toEqual(['token-1', 'token-2']);
    expect(states).toEqual([]);
  });

  it.each([
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.59(0x18003b28) NetType/WIFI Language/zh_CN', true],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 26_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/23E246 AliApp(DingTalk/7.8.1) com.laiwang.DingTalk/46766536 Channel/201200 language/zh-Hans-CN UT4Aplus/0.0.6 WK', true],
    ['Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36 dtdreamweb', true],
    ['Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36', false],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1', false],
  ])('knows views of apps: %s', (agent, single) => {
    make();
    expect(browserWindows(agent).single).toBe(single);
  });
});

describe('the line under the header', () => {
  if (!customElements.get('yikouwen-chat')) customElements.define('yikouwen-chat', YikouwenChat);
  let state: LoginState;
  let offered: boolean;
  const part = (id: string): HTMLElement | null =>
    document.querySelector('yikouwen-chat')?.shadowRoot?.querySelector<HTMLElement>(`[data-testid="${id}"]`) ?? null;

  beforeEach(() => {
    make();
    localStorage.clear();
    sessionStorage.clear();
    FakeSocket.made = [];
    FakeSocket.refuse = false;
    Element.prototype.scrollIntoView = vi.fn();
    state = { linked: false };
    offered = true;
    const { fetch } = fakeFetch(({ url }) => {
      if (url.pathname.endsWith('/session')) return { body: { token: 't', visitor: 'v', expires_at: '' } };
      if (url.pathname.endsWith('/site')) {
        const words = { zh: '', en: '' };
        const site = { name: '安和市', demo: true, greeting: words, starters: { zh: [], en: [] }, ai_label: words };
        return { body: { ...site, login: offered ? { label: { zh: '浙里办', en: 'Zheliban' } } : null } };
      }
      return { body: state };
    });
    vi.stubGlobal('fetch', fetch);
    vi.stubGlobal('WebSocket', FakeSocket);
  });
  afterEach(async () => {
    document.body.innerHTML = '';
    await pass(10);
  });
  async function open(): Promise<void> {
    document.body.innerHTML = '<yikouwen-chat data-server="https://gov.example" data-mode="page" data-locale="zh"></yikouwen-chat>';
    await pass(100);
    FakeSocket.last.say(welcome);
    await pass(100);
  }

  it('is not there where nobody can log in', async () => {
    offered = false;
    await open();
    expect(part('login-bar')).toBeNull();
  });

  it('offers to log in, and says who is linked once the thread tells so', async () => {
    await open();
    expect(part('login')?.textContent).toBe('登录 · 我的咨询');
    state = { linked: true, name: '张*', unresolved: 2 };
    FakeSocket.last.say(message(1, { author: 'system', text: '已关联' }));
    await pass(100);
    expect(part('linked-as')?.textContent).toBe('已关联：张*');
    expect(part('unresolved')?.textContent).toBe('您有 2 个问题还没有解决');
    expect(part('unresolved')?.getAttribute('href')).toBe('https://gov.example/me');
    expect(part('login')).toBeNull();
  });

  it('asks again when the citizen sent the code by hand and was answered', async () => {
    await open();
    state = { linked: true, name: '张*', unresolved: 0 };
    FakeSocket.last.say(message(1, { text: '一句普通的回答' }));
    await pass(100);
    expect(part('login')).not.toBeNull();
    const box = part('ask-box') as HTMLTextAreaElement;
    box.value = '123456';
    box.dispatchEvent(new InputEvent('input', { bubbles: true }));
    await pass(50);
    part('send')?.click();
    FakeSocket.last.say(message(2, { text: '关联成功' }));
    await pass(100);
    expect(part('linked-as')?.textContent).toBe('已关联：张*');
  });

  it('leads to the questions when nothing is unresolved', async () => {
    state = { linked: true, name: null, unresolved: 0 };
    await open();
    expect(part('linked-as')?.textContent).toBe('已关联实名账号');
    expect(part('my-questions')?.getAttribute('href')).toBe('https://gov.example/me');
    expect(part('unresolved')).toBeNull();
  });
});
