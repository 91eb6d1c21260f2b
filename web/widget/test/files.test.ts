import type { Attachment } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Controller } from '../src/controller';
import { YikouwenChat } from '../src/element';
import { initialState, reduce, type State } from '../src/state';
import { upload, type Upload, type Uploaded } from '../src/upload';
import { fakeFetch, FakeSocket, memoryKeep, message, pass, welcome } from './harness';

if (!customElements.get('yikouwen-chat')) customElements.define('yikouwen-chat', YikouwenChat);

const picture = new File(['x'.repeat(2_000)], '身份证.png', { type: 'image/png' });

/** A controller whose uploads are answered in turn. */
function rig(answers: (Uploaded | 'hang')[], fileBytes = 10_000) {
  const uploads: Upload[] = [];
  let sessions = 0;
  const { fetch } = fakeFetch(() => {
    sessions += 1;
    return { body: { token: `token-${sessions}`, visitor: 'v', expires_at: '2030-01-01T00:00:00Z', file_bytes: fileBytes } };
  });
  const fake: typeof upload = (one) => {
    uploads.push(one);
    const answer = answers.shift() ?? { ok: true };
    return answer === 'hang' ? new Promise(() => undefined) : Promise.resolve(answer);
  };
  const keeps = { tab: memoryKeep(), lasting: memoryKeep() };
  const controller = new Controller(new URL('https://gov.example/'), keeps, 'zh', fetch, fake);
  return { controller, uploads, pending: () => controller.store.state.pending };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  document.body.innerHTML = '';
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a file that is sent', () => {
  it('shows at once, tells how far it is, and gives way to its message', async () => {
    const { controller, uploads, pending } = rig(['hang']);
    controller.attach([picture]);
    await pass(10);
    expect(pending()).toMatchObject([{ text: '身份证.png', status: 'sending', file: { bytes: 2_000, part: 0 } }]);
    expect(uploads[0]).toMatchObject({ url: 'https://gov.example/channels/web/files', token: 'token-1', language: 'zh' });
    uploads[0]?.onProgress(0.5);
    expect(pending()).toMatchObject([{ file: { part: 0.5 } }]);
    const id = uploads[0]?.id ?? '';
    controller.store.dispatch({ type: 'frame', frame: message(1, { author: 'citizen', client_id: id, text: '' }) });
    expect(pending()).toEqual([]);
  });

  it('is sent again under the same id when the line broke, and once with a new token', async () => {
    const { controller, uploads, pending } = rig([
      { ok: false, code: 'network' },
      { ok: false, code: 'unauthorized' },
      { ok: true },
    ]);
    controller.attach([picture]);
    await pass(10);
    const [failed] = pending();
    expect(failed).toMatchObject({ status: 'failed', code: 'network' });
    controller.attachAgain(failed?.id ?? '');
    await pass(10);
    expect(pending()).toMatchObject([{ id: failed?.id, status: 'accepted' }]);
    expect(new Set(uploads.map((one) => one.id)).size).toBe(1);
    expect(uploads.map((one) => one.token)).toEqual(['token-1', 'token-1', 'token-2']);
  });

  it.each([
    [new File([], 'a.txt'), 'file_empty'],
    [new File(['x'.repeat(20_000)], 'a.png'), 'file_too_large'],
  ])('is refused before it goes out when the server would refuse it', async (file, code) => {
    const { controller, uploads, pending } = rig([]);
    controller.attach([file]);
    await pass(10);
    expect(uploads).toEqual([]);
    expect(pending()).toMatchObject([{ status: 'failed', code }]);
    expect(controller.store.state.notice).toMatchObject({ code });
    controller.withdraw(pending()[0]?.id ?? '');
    expect(pending()).toEqual([]);
  });

  it('keeps its place among words that are on their way', () => {
    const steps = [
      { type: 'file-out', id: 'a', name: 'a.png', bytes: 1 },
      { type: 'out', frame: { t: 'say', id: 'b', text: '看看' } },
      { type: 'file-refused', id: 'a', code: 'file_forbidden' },
    ] as const;
    const state = steps.reduce<State>(reduce, initialState);
    expect(state.pending.map(({ id, status }) => [id, status])).toEqual([
      ['a', 'failed'],
      ['b', 'sending'],
    ]);
  });
});

describe('the request', () => {
  class FakeRequest {
    static last: FakeRequest;
    upload: { onprogress?: (event: { lengthComputable: boolean; loaded: number; total: number }) => void } = {};
    status = 0;
    responseText = '';
    headers: Record<string, string> = {};
    body: FormData | undefined;
    onload?: () => void;
    onerror?: () => void;
    constructor() {
      FakeRequest.last = this;
    }
    open(): void {
      // Nothing is opened.
    }
    setRequestHeader(name: string, value: string): void {
      this.headers[name] = value;
    }
    send(body: FormData): void {
      this.body = body;
    }
    answer(status: number, body: string): void {
      Object.assign(this, { status, responseText: body });
      this.onload?.();
    }
  }

  it.each([
    [202, '', { ok: true }],
    [413, '{"code":"file_too_large"}', { ok: false, code: 'file_too_large' }],
    [413, '<html>nginx</html>', { ok: false, code: 'file_too_large' }],
    [415, '{"code":"file_forbidden"}', { ok: false, code: 'file_forbidden' }],
    [401, '{"code":"unauthorized"}', { ok: false, code: 'unauthorized' }],
    [502, '<html>', { ok: false, code: 'unavailable' }],
    [500, '{"code":"internal"}', { ok: false, code: 'unavailable' }],
  ])('turns %i %s into %o', async (status, body, expected) => {
    vi.stubGlobal('XMLHttpRequest', FakeRequest);
    const parts: number[] = [];
    const sent = upload({ url: '/f', token: 't', language: 'zh', id: 'i', file: picture, onProgress: (part) => parts.push(part) });
    const { last } = FakeRequest;
    last.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 });
    last.answer(status, body);
    expect(await sent).toEqual(expected);
    expect(parts).toEqual([0.25]);
    expect(last.headers).toEqual({ Authorization: 'Bearer t', 'Accept-Language': 'zh' });
    expect(last.body?.get('id')).toBe('i');
    expect((last.body?.get('file') as File).name).toBe('身份证.png');
  });

  it('says when no answer came', async () => {
    vi.stubGlobal('XMLHttpRequest', FakeRequest);
    const sent = upload({ url: '/f', token: 't', language: 'zh', id: 'i', file: picture, onProgress: () => undefined });
    FakeRequest.last.onerror?.();
    expect(await sent).toEqual({ ok: false, code: 'network' });
  });
});

describe('the thread', () => {
  const files: Attachment[] = [
    { id: 'p', kind: 'image', name: '证件.png', mime: 'image/png', bytes: 2_000, url: '/channels/web/files/p?until=1&sig=s' },
    { id: 'v', kind: 'voice', name: '录音.mp3', mime: 'audio/mpeg', bytes: 3_000, url: '/channels/web/files/v?sig=s' },
    { id: 'w', kind: 'voice', name: '录音.amr', mime: 'audio/amr', bytes: 3_000, url: '/channels/web/files/w?sig=s' },
    { id: 'd', kind: 'file', name: '表格.docx', mime: 'application/x', bytes: 1_258_291, url: '/channels/web/files/d?sig=s' },
  ];
  const all = (id: string): HTMLElement[] =>
    Array.from(document.querySelector('yikouwen-chat')?.shadowRoot?.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`) ?? []);

  async function open(): Promise<void> {
    FakeSocket.made = [];
    vi.stubGlobal('WebSocket', FakeSocket);
    Element.prototype.scrollIntoView = vi.fn();
    const session = { body: { token: 't', visitor: 'v', expires_at: '2030-01-01T00:00:00Z' } };
    const { fetch } = fakeFetch(({ url }) => (url.pathname.endsWith('/session') ? session : 'hang'));
    vi.stubGlobal('fetch', fetch);
    document.body.innerHTML = '<yikouwen-chat data-server="https://gov.example" data-mode="page" data-locale="zh"></yikouwen-chat>';
    await pass(50);
    FakeSocket.last.say(welcome, message(1, { author: 'helper', name: '王老师', text: '', attachments: files }));
    await pass(50);
  }

  it('shows pictures, plays what can be played, and links the rest with its size', async () => {
    await open();
    const [shown] = all('picture');
    expect(shown?.getAttribute('href')).toBe('https://gov.example/channels/web/files/p?until=1&sig=s');
    expect(shown?.querySelector('img')?.alt).toBe('证件.png');
    expect(all('sound').map((sound) => sound.getAttribute('src'))).toEqual(['https://gov.example/channels/web/files/v?sig=s']);
    expect(all('file').map((link) => link.textContent)).toEqual(['录音.amr3 KB', '表格.docx1.2 MB']);
    expect(all('file')[1]?.getAttribute('aria-label')).toContain('表格.docx');
  });

  it('makes a file of a picture that cannot be drawn', async () => {
    await open();
    all('picture')[0]?.querySelector('img')?.dispatchEvent(new Event('error'));
    await pass(50);
    expect(all('picture')).toEqual([]);
    expect(all('file')[0]?.textContent).toContain('证件.png');
  });

  it('has buttons with names that open the choice of files, and takes what is chosen', async () => {
    await open();
    for (const [button, accepts] of [
      ['attach', '.pdf'],
      ['camera', 'image/*'],
    ] as const) {
      const clicked = vi.fn();
      const [field] = all(`${button}-field`) as HTMLInputElement[];
      expect(all(button)[0]?.textContent).toBeTruthy();
      expect(field?.accept).toContain(accepts);
      field?.addEventListener('click', clicked);
      all(button)[0]?.click();
      expect(clicked).toHaveBeenCalledOnce();
    }
    const [field] = all('attach-field') as HTMLInputElement[];
    Object.defineProperty(field, 'files', { value: [new File([], '空.txt')] });
    field?.dispatchEvent(new Event('change'));
    await pass(50);
    expect(all('pending-file').map((one) => one.dataset['status'])).toEqual(['failed']);
    expect(all('notice')[0]?.textContent).toContain('空的');
    all('file-drop')[0]?.click();
    await pass(50);
    expect(all('pending-file')).toEqual([]);
  });
});
