import type { ConsentReply, LoginView, PastConversation, Person } from '@yikouwen/shared/wire';
import { h, render } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createApi } from '../me/api';
import { Flow, type Surroundings } from '../me/flow';
import { readPlace, readTalk } from '../me/place';
import { Page } from '../me/views/Page';
import { pageLocale } from '../me/words';
import { fakeFetch, pass, type Answer, type Request } from './harness';

const site = { name: '安和市', demo: true, greeting: {}, starters: {}, ai_label: {}, login: { label: { zh: '浙里办', en: 'Zheliban' } } };
const ticket: LoginView = {
  channel: 'gzh',
  type: 'wechat',
  expires_at: '2026-03-01T01:10:00Z',
  stage: 'started',
  consent: { zh: '我们会把这个渠道的对话放到您名下。\n随时可以解除。', en: 'We keep them together.' },
};
const past = (id: string, more: Partial<PastConversation>): PastConversation => ({
  id,
  channel: 'web',
  type: 'web',
  opened_at: '2026-03-01T01:00:00Z',
  updated_at: '2026-03-01T01:00:00Z',
  question: `问题 ${id}`,
  state: 'resolved',
  stage: 'closed',
  ...more,
});
const me: Person = {
  name: '张*',
  provider: { zh: '浙里办', en: 'Zheliban' },
  links: [{ id: 'l1', channel: 'gzh', type: 'wechat', since: '2026-03-01T01:00:00Z' }],
  conversations: [past('c1', {}), past('c2', { state: 'unresolved', type: 'wechat', unanswered: ['问题 c2', '第二个问题'] }), past('c3', { state: 'waiting' })],
};
const consent: ConsentReply = { code: '123456', expires_at: '2026-03-01T01:10:00Z', origin: 'https://page.example' };
const refused = (status: number, code: string): Answer => ({ status, body: { code, title: code, detail: `${code}!` } });

let answers: Record<string, Answer | ((request: Request) => Answer)>;
let requests: Request[];
let around: Surroundings;
let flow: Flow;
let posted: unknown[];
let went: string[];
let visitor: string | null;
let opener: Surroundings['opener'];
let visible: boolean;

async function open(address: string): Promise<void> {
  const place = readPlace(new URL(address, 'https://gov.example'));
  flow = new Flow(around);
  document.body.innerHTML = '<div id="app"></div>';
  const host = document.getElementById('app');
  if (!host) throw new Error('no place');
  render(h(Page, { flow, mark: '', locale: 'zh', large: false, onLocale: vi.fn(), onLarge: vi.fn() }), host);
  void flow.start(place.login, place.fault, place.conversation);
  await pass(60);
}
const all = (id: string): HTMLElement[] => Array.from(document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`));
function find(id: string): HTMLElement {
  const found = all(id)[0];
  if (!found) throw new Error(`nothing is called ${id}: ${document.body.textContent}`);
  return found;
}
async function press(id: string, at = 0): Promise<void> {
  const found = all(id)[at];
  if (!found) throw new Error(`nothing is called ${id}`);
  found.click();
  await pass(60);
}
const screen = (): string => find('me').dataset['screen'] ?? '';
const text = (): string => find('me').textContent;
const calls = (method: string): string[] => requests.filter((one) => one.method === method).map(({ url }) => url.pathname);

beforeEach(() => {
  vi.useFakeTimers();
  window.scrollTo = vi.fn() as typeof window.scrollTo;
  visitor = null;
  opener = () => null;
  visible = true;
  posted = [];
  went = [];
  answers = {
    'GET /api/v1/site': { body: site },
    'GET /api/v1/me': { body: me },
    'GET /api/v1/me/logins/t1': { body: ticket },
    'POST /api/v1/me/login': { body: { url: 'https://provider.example/authorize?x=1' } },
    'POST /api/v1/me/logins/t1/consent': { body: consent },
  };
  const made = fakeFetch((request) => {
    const answer = answers[`${request.method} ${request.url.pathname}`] ?? { status: 404, body: { code: 'not_found' } };
    return typeof answer === 'function' ? answer(request) : answer;
  });
  requests = made.requests;
  around = {
    api: createApi(
      () => 'zh',
      (input, init) => made.fetch(new URL(typeof input === 'string' ? input : '', 'https://gov.example'), init),
    ),
    go: (url) => went.push(url),
    address: vi.fn(),
    token: () => visitor,
    opener: () => opener(),
    visible: () => visible,
  };
});
afterEach(() => {
  const host = document.getElementById('app');
  if (host) render(null, host);
  vi.useRealTimers();
});

describe('the address', () => {
  it('names the ticket, the fault and the conversation, and nothing else', () => {
    const read = (address: string): unknown => readPlace(new URL(address, 'https://gov.example'));
    expect(read('/login/t1')).toMatchObject({ login: 't1', fault: undefined });
    expect(read('/me?login=t1&error=denied')).toMatchObject({ login: 't1', fault: 'denied' });
    expect(read('/me?error=something')).toMatchObject({ fault: 'failed' });
    expect(read('/login/..%2F..%2Flogout')).toMatchObject({ login: undefined });
    expect(readTalk('#/c/c1')).toBe('c1');
    expect(readTalk('#/c/../../x')).toBeUndefined();
  });

  it('leaves the language to the choice, then to the browser', () => {
    expect(pageLocale('en', ['zh-CN'])).toBe('en');
    expect(pageLocale(null, ['zh-Hans-CN', 'en'])).toBe('zh');
    expect(pageLocale(null, ['en-US', 'zh'])).toBe('en');
    expect(pageLocale('fr', [])).toBe('zh');
  });
});

describe('before the login', () => {
  beforeEach(() => {
    answers['GET /api/v1/me'] = refused(401, 'not_logged_in');
  });

  it('says what it is and has one button, which goes to the provider', async () => {
    await open('/me');
    expect(screen()).toBe('welcome');
    expect(find('login').textContent).toBe('用浙里办登录');
    expect(document.querySelectorAll('main button')).toHaveLength(1);
    await press('login');
    expect(requests[requests.length - 1]?.body).toEqual({ login: null });
    expect(went).toEqual(['https://provider.example/authorize?x=1']);
  });

  it('names the channel of a ticket, warns, and sends nothing until the button is pressed', async () => {
    await open('/login/t1');
    expect(screen()).toBe('ticket');
    expect(text()).toContain('微信公众号');
    expect(find('warning').textContent).toContain('别人发给您的');
    expect(calls('POST')).toEqual([]);
    await press('login');
    expect(requests[requests.length - 1]?.body).toEqual({ login: 't1' });
  });

  it('presses once, however often it is pressed', async () => {
    answers['POST /api/v1/me/login'] = 'hang';
    await open('/me');
    await press('login');
    await press('login');
    expect(calls('POST')).toHaveLength(1);
    expect(find('login').textContent).toBe('正在打开浙里办…');
  });

  it.each([
    ['denied', '您没有完成登录'],
    ['failed', '登录没有成功'],
    ['expired', '登录花的时间太长了'],
    ['unreachable', '暂时连不上浙里办'],
  ])('after %s says what to do, and goes there again for the same ticket', async (fault, title) => {
    await open(`/me?login=t1&error=${fault}`);
    expect(find('fault').dataset['fault']).toBe(fault);
    expect(text()).toContain(title);
    await press('login');
    expect(requests[requests.length - 1]?.body).toEqual({ login: 't1' });
    expect(went).toHaveLength(1);
  });

  it('says that the provider is out of reach, or that the ticket is over', async () => {
    answers['POST /api/v1/me/login'] = refused(502, 'provider_unreachable');
    await open('/login/t1');
    await press('login');
    expect(find('fault').dataset['fault']).toBe('unreachable');
    answers['GET /api/v1/me/logins/t1'] = refused(404, 'login_expired');
    await open('/login/t1');
    expect(find('fault').dataset['fault']).toBe('ticket_over');
    await press('to-home');
    expect(screen()).toBe('welcome');
  });

  it('says so where nobody can log in', async () => {
    answers['GET /api/v1/me'] = refused(404, 'login_off');
    await open('/me');
    expect(screen()).toBe('off');
  });

  it('says that the line is down, and is back when the line is', async () => {
    const working = answers['GET /api/v1/me'];
    answers['GET /api/v1/me'] = 'fail';
    await open('/me');
    expect(find('fault').dataset['fault']).toBe('offline');
    if (working) answers['GET /api/v1/me'] = working;
    flow.wake();
    await pass(60);
    expect(screen()).toBe('welcome');
  });
});

describe('consent', () => {
  it('shows the whole text and two buttons, nothing ticked, and links nothing when declined', async () => {
    await open('/me?login=t1');
    expect(screen()).toBe('consent');
    expect(text()).toContain('您好，张*');
    expect(Array.from(find('consent-text').children, (line) => line.textContent)).toEqual(ticket.consent.zh.split('\n'));
    expect(document.querySelectorAll('input')).toHaveLength(0);
    expect(calls('POST')).toEqual([]);
    await press('decline');
    expect(screen()).toBe('declined');
    expect(calls('POST')).toEqual([]);
  });

  it('shows the code large, and notices when it came back through the channel', async () => {
    visitor = 'token-of-this-origin';
    await open('/me?login=t1');
    await press('agree');
    expect(screen()).toBe('code');
    expect(find('code').textContent).toContain('123456');
    expect(find('code').textContent).toContain('1 2 3 4 5 6');
    expect(calls('POST'), 'a visitor of the web is no address of another channel').toEqual(['/api/v1/me/logins/t1/consent']);
    const asked = (): number => requests.filter(({ url }) => url.pathname.endsWith('/logins/t1')).length;
    const before = asked();
    visible = false;
    await pass(10_000);
    expect(asked(), 'a page nobody looks at asks nothing').toBe(before);
    visible = true;
    answers['GET /api/v1/me/logins/t1'] = 'fail';
    flow.wake();
    await pass(3_000);
    expect(screen(), 'the code stays while the line is down').toBe('code');
    answers['GET /api/v1/me/logins/t1'] = { body: { ...ticket, stage: 'linked' } };
    await pass(3_000);
    expect(screen()).toBe('done');
  });

  it('says that the code has run out', async () => {
    await open('/me?login=t1');
    await press('agree');
    answers['GET /api/v1/me/logins/t1'] = refused(404, 'login_expired');
    await pass(3_000);
    expect(find('fault').dataset['fault']).toBe('ticket_over');
  });

  it('gives the code back itself where the widget runs on this origin', async () => {
    visitor = 'token-1';
    const web = { ...ticket, channel: 'web', type: 'web' };
    answers['GET /api/v1/me/logins/t1'] = { body: web };
    answers['POST /channels/web/login/confirm'] = { body: { linked: true } };
    opener = () => ({ postMessage: (...message: unknown[]) => posted.push(message) });
    await open('/me?login=t1');
    await press('agree');
    expect(screen()).toBe('done');
    expect(requests[requests.length - 1]).toMatchObject({ token: 'token-1', body: { code: '123456' } });
    expect(posted).toEqual([]);
  });

  it('hands the code to the window that opened it, to its origin alone, when that is another one', async () => {
    visitor = 'token-of-somebody-else';
    answers['GET /api/v1/me/logins/t1'] = { body: { ...ticket, channel: 'web', type: 'web' } };
    answers['POST /channels/web/login/confirm'] = refused(404, 'unknown_code');
    opener = () => ({ postMessage: (...message: unknown[]) => posted.push(message) });
    await open('/me?login=t1');
    await press('agree');
    expect(posted).toEqual([[{ yikouwen: 'login', login: 't1', code: '123456' }, 'https://page.example']]);
    expect(screen()).toBe('joining');
    answers['GET /api/v1/me/logins/t1'] = { body: { ...ticket, stage: 'linked' } };
    await pass(1_000);
    expect(screen()).toBe('done');
  });

  it('shows the code when that window does not answer, and hands it to no window without an origin', async () => {
    answers['GET /api/v1/me/logins/t1'] = { body: { ...ticket, channel: 'web', type: 'web' } };
    opener = () => ({ postMessage: (...message: unknown[]) => posted.push(message) });
    await open('/me?login=t1');
    await press('agree');
    await pass(6_000);
    expect(screen()).toBe('code');
    answers['POST /api/v1/me/logins/t1/consent'] = { body: { ...consent, origin: null } };
    posted = [];
    await open('/me?login=t1');
    await press('agree');
    expect(screen()).toBe('code');
    expect(posted).toEqual([]);
  });

  it('says that the address belongs to another account, and lets another one log in', async () => {
    answers['POST /api/v1/me/logins/t1/consent'] = refused(409, 'linked_elsewhere');
    answers['POST /api/v1/me/logout'] = { status: 200 };
    await open('/me?login=t1');
    await press('agree');
    expect(text()).toContain('微信公众号的对话已经关联了别的账号');
    await press('other-person');
    expect(calls('POST').slice(-2)).toEqual(['/api/v1/me/logout', '/api/v1/me/login']);
    expect(requests[requests.length - 1]?.body, 'the provider asks who it is').toEqual({ login: 't1', again: true });
  });

  it('asks for the login again when it has ended meanwhile', async () => {
    answers['POST /api/v1/me/logins/t1/consent'] = refused(401, 'not_logged_in');
    await open('/me?login=t1');
    await press('agree');
    expect(screen()).toBe('ticket');
  });
});

describe('the channel to be joined', () => {
  it('is named with the page that carries the widget, when that is another site', async () => {
    answers['GET /api/v1/me/logins/t1'] = { body: { ...ticket, channel: 'web', type: 'web', origin: 'https://page.example' } };
    await open('/me?login=t1');
    expect(text()).toContain('要把网页（page.example）的对话关联到您名下吗');
    answers['GET /api/v1/me/logins/t1'] = { body: { ...ticket, channel: 'web', type: 'web', origin: location.origin } };
    await open('/me?login=t1');
    expect(text()).toContain('要把网页的对话关联到您名下吗');
  });

  it('is none for a login that no channel began', async () => {
    answers['GET /api/v1/me'] = refused(401, 'not_logged_in');
    answers['GET /api/v1/me/logins/t1'] = { body: { ...ticket, channel: null, type: null } };
    await open('/me?login=t1');
    expect(screen()).toBe('welcome');
    answers['GET /api/v1/me'] = { body: me };
    await open('/me?login=t1');
    expect(screen()).toBe('home');
  });
});

describe('my questions', () => {
  it('lists what is unresolved first and says so in words', async () => {
    await open('/me');
    expect(all('talk').map((one) => one.dataset['talk'])).toEqual(['c2', 'c1', 'c3']);
    expect(all('talk').map((one) => one.querySelector('.state')?.textContent)).toEqual(['没有解决', '已答复', '等工作人员回复']);
    expect(find('unresolved').textContent).toContain('还没有解决（1）');
    expect(find('unresolved').textContent).toContain('微信公众号');
    expect(all('unanswered').map((one) => one.textContent)).toEqual(['还没答上：第二个问题']);
  });

  it('opens a conversation, draws its words as text, and goes back', async () => {
    answers['GET /api/v1/me/conversations/c2'] = {
      body: {
        id: 'c2',
        channel: 'gzh',
        type: 'wechat',
        opened_at: '2026-03-01T01:00:00Z',
        state: 'unresolved',
        messages: [
          { seq: 1, author: 'citizen', at: '2026-03-01T01:00:00Z', text: '**<img src=x>**', attachments: [{ name: '证件.jpg', mime: 'image/jpeg', bytes: 2048 }] },
          { seq: 2, author: 'robot', at: '2026-03-01T01:00:01Z', text: '**可以**[1] <script>alert(1)</script>', attachments: [] },
        ],
      },
    };
    await open('/me');
    flow.route('c2');
    await pass(60);
    expect(screen()).toBe('talk');
    expect(all('said')[0]?.textContent).toContain('**<img src=x>**');
    expect(all('said')[0]?.textContent).toContain('证件.jpg');
    expect(all('said')[1]?.querySelector('strong + .markdown strong, .markdown strong')?.textContent).toBe('可以');
    expect(all('said')[1]?.textContent).toContain('<script>alert(1)</script>');
    expect(document.querySelectorAll('main script, main img')).toHaveLength(0);
    expect(document.activeElement?.tagName).toBe('H1');
    flow.route(undefined);
    await pass(60);
    expect(screen()).toBe('home');
  });

  it('says that a conversation is not there, or that the line is down', async () => {
    await open('/me#/c/c9');
    expect(find('talk-state').textContent).toBe('这次对话已经找不到了。');
    answers['GET /api/v1/me/conversations/c9'] = 'fail';
    await open('/me#/c/c9');
    await press('retry');
    expect(find('talk-state').textContent).toBe('这次对话暂时打不开。');
  });

  it('asks once before it unlinks', async () => {
    answers['DELETE /api/v1/me/links/l1'] = { status: 200 };
    await open('/me');
    await press('unlink');
    expect(find('ask').textContent).toContain('对话本身不会删');
    await press('ask-no');
    expect(calls('DELETE')).toEqual([]);
    await press('unlink');
    answers['GET /api/v1/me'] = { body: { ...me, links: [] } };
    await press('ask-yes');
    expect(calls('DELETE')).toEqual(['/api/v1/me/links/l1']);
    expect(all('link')).toHaveLength(0);
  });

  it('asks once before it forgets, and says what stays', async () => {
    answers['DELETE /api/v1/me'] = { status: 200 };
    await open('/me');
    await press('forget');
    expect(find('ask').textContent).toContain('不会删：各渠道里的对话');
    await press('ask-yes');
    expect(calls('DELETE')).toEqual(['/api/v1/me']);
    expect(screen()).toBe('forgotten');
  });

  it('logs out', async () => {
    answers['POST /api/v1/me/logout'] = () => {
      answers['GET /api/v1/me'] = refused(401, 'not_logged_in');
      return { status: 200 };
    };
    await open('/me');
    await press('logout');
    expect(screen()).toBe('welcome');
  });
});
