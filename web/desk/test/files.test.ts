import type { Attachment, ChannelState, Me, Role, Transcript } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, h, nextTick, reactive, type App, type Component } from 'vue';

import { ApiError, createApi } from '../src/api';
import { createDesk, deskKey, type Desk } from '../src/desk';
import { createFilesOut } from '../src/filesout';
import { setLocale } from '../src/locale';
import AttachmentList from '../src/views/AttachmentList.vue';
import ChannelBar from '../src/views/ChannelBar.vue';
import ComposerBox from '../src/views/ComposerBox.vue';
import { api, message, settled, transcript } from './make';

let app: App | undefined;
beforeEach(() => setLocale('zh'));
afterEach(() => {
  app?.unmount();
  document.body.innerHTML = '';
  sessionStorage.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];

function mount(view: Component, props: object, desk?: Desk): void {
  app = createApp({ render: () => h(view, props) });
  if (desk) app.provide(deskKey, desk);
  app.mount(document.body.appendChild(document.createElement('div')));
}

describe('files on their way', () => {
  const file = new File(['x'], 'a.png');

  it('are gone once their message is there, and can be sent again under the same id', async () => {
    const ids: string[] = [];
    let fails = true;
    const sent = vi.fn();
    const files = createFilesOut({
      send: (_, one) => {
        ids.push(one.id);
        return fails ? Promise.reject(new ApiError(0, 'network')) : Promise.resolve(message(1, { author: 'helper' }));
      },
      onSent: sent,
    });
    files.add('c', [file]);
    await settled();
    expect(files.items).toMatchObject([{ conversation: 'c', state: 'failed' }]);
    fails = false;
    files.retry(ids[0] ?? '');
    await settled();
    expect(files.items).toEqual([]);
    expect(ids[1]).toBe(ids[0]);
    expect(sent).toHaveBeenCalledWith('c', expect.objectContaining({ seq: 1 }));
  });

  it('go as a form, whose parts the browser marks', async () => {
    const fetch = vi.fn(() => Promise.resolve(new Response(JSON.stringify(message(1)), { status: 201 })));
    await createApi({ fetch }).sendFile('c/1', { id: 'i', file });
    const [url, init] = fetch.mock.calls[0] as unknown as [string, RequestInit];
    expect(url).toBe('/api/v1/desk/conversations/c%2F1/files');
    expect(new Headers(init.headers).has('content-type')).toBe(false);
    const form = init.body as FormData;
    expect([form.get('id'), (form.get('file') as File).name]).toEqual(['i', 'a.png']);
  });
});

describe('the composer', () => {
  function desk(talk: Transcript) {
    vi.stubGlobal('matchMedia', () => ({ matches: false }));
    const sendFile = vi.fn(() => new Promise<never>(() => undefined));
    const made = createDesk({
      api: api({ sendFile, conversation: () => Promise.resolve(talk) }),
      name: 'zhang',
      alerts: { play: vi.fn() },
      makeLive: () => ({ start: vi.fn(), stop: vi.fn(), retry: vi.fn() }),
    });
    mount(ComposerBox, { talk, claiming: false }, made);
    return { made, sendFile };
  }

  it('sends what is chosen and what is pasted', async () => {
    const { made, sendFile } = desk(reactive(transcript({ id: 'c', stage: 'serving', owner: 'zhang' })));
    const field = find('attach-field') as HTMLInputElement;
    const opened = vi.fn();
    field.addEventListener('click', opened);
    find('attach')?.click();
    expect(opened).toHaveBeenCalledOnce();
    Object.defineProperty(field, 'files', { value: [new File(['1'], '一.pdf')] });
    field.dispatchEvent(new Event('change'));
    const paste = new Event('paste', { bubbles: true, cancelable: true });
    Object.assign(paste, { clipboardData: { files: [new File(['2'], '二.png')] } });
    find('composer-input')?.dispatchEvent(paste);
    await nextTick();
    expect(paste.defaultPrevented).toBe(true);
    expect(made.files.items.map((item) => item.file.name)).toEqual(['一.pdf', '二.png']);
    expect(sendFile).toHaveBeenCalledTimes(2);
  });

  it('leaves pasted words alone', () => {
    desk(reactive(transcript({ id: 'c', stage: 'serving', owner: 'zhang' })));
    const paste = new Event('paste', { bubbles: true, cancelable: true });
    Object.assign(paste, { clipboardData: { files: [] } });
    find('composer-input')?.dispatchEvent(paste);
    expect(paste.defaultPrevented).toBe(false);
  });
});

describe('attachments', () => {
  const files: Attachment[] = [
    { id: 'p', kind: 'image', name: '证件.png', mime: 'image/png', bytes: 2_048, state: 'kept' },
    { id: 's', kind: 'voice', name: 'a.mp3', mime: 'audio/mpeg', bytes: 1, state: 'kept' },
    { id: 'r', kind: 'voice', name: 'a.amr', mime: 'audio/amr', bytes: 1, state: 'kept' },
    { id: 'w', kind: 'image', name: '', state: 'pending' },
    { id: 'l', kind: 'file', name: 'a.exe', state: 'lost', why: 'forbidden_file' },
  ];

  it('are shown, played, saved, awaited or explained', async () => {
    mount(AttachmentList, { files });
    expect(all('picture').map((one) => one.getAttribute('src'))).toEqual(['/api/v1/desk/files/p']);
    expect(all('sound')).toHaveLength(1);
    expect(all('save').map((one) => one.getAttribute('href'))).toEqual(
      ['p', 's', 'r'].map((id) => `/api/v1/desk/files/${id}?download=true`),
    );
    expect(all('save')[0]?.textContent).toContain('2 KB');
    const [pending, lost] = [...document.querySelectorAll('.note')].map((note) => note.textContent);
    expect(pending).toContain('图片');
    expect(lost).toContain('不能接收');
    find('picture')?.dispatchEvent(new Event('error'));
    await nextTick();
    expect(find('picture')).toBeNull();
    expect(all('save')).toHaveLength(3);
  });
});

describe('the state of channels', () => {
  const me = (role: Role): Me => ({ name: 'li', role, must_change_password: false, capacity: 3, load: 0 });
  const calm: ChannelState[] = [{ id: 'web', type: 'web', alarms: [] }];
  const ailing: ChannelState[] = [
    ...calm,
    {
      id: 'gzh',
      type: 'wechat',
      alarms: [{ code: 'wechat_token_refused', title: '凭据被拒', do: '请检查', detail: '40001', since: '2026-03-01T08:00:00Z' }],
    },
  ];

  it('is asked for again and again, shown with what to do, and gone when it is over', async () => {
    vi.useFakeTimers();
    let now = calm;
    const channels = vi.fn(() => Promise.resolve(now));
    mount(ChannelBar, { api: { channels }, me: me('supervisor') });
    await vi.advanceTimersByTimeAsync(10);
    expect(find('channel-summary')?.textContent).toContain('全部正常');
    now = ailing;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(find('channel-summary')?.textContent).toMatch(/1 个问题.*gzh/);
    expect(find('channel-toggle')?.getAttribute('aria-expanded')).toBe('false');
    find('channel-toggle')?.click();
    await nextTick();
    const alarm = find('channel-alarm')?.textContent ?? '';
    for (const words of ['凭据被拒', '请检查', '40001']) expect(alarm).toContain(words);
    // The words are the server's, so another language asks anew.
    setLocale('en');
    await vi.advanceTimersByTimeAsync(10);
    expect(channels).toHaveBeenCalledTimes(3);
    now = calm;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(find('channel-summary')?.textContent).toContain('All fine');
  });

  it('keeps what was known while the server is out of reach', async () => {
    vi.useFakeTimers();
    const channels = vi.fn().mockResolvedValueOnce(ailing).mockRejectedValue(new ApiError(0, 'network'));
    mount(ChannelBar, { api: { channels }, me: me('admin') });
    await vi.advanceTimersByTimeAsync(30_010);
    expect(channels).toHaveBeenCalledTimes(2);
    expect(find('channel-summary')?.textContent).toContain('gzh');
  });

  it.each(['responder', 'owner'] as const)('is not for a %s', async (role) => {
    const channels = vi.fn(() => Promise.resolve(ailing));
    mount(ChannelBar, { api: { channels }, me: me(role) });
    await settled();
    expect(channels).not.toHaveBeenCalled();
    expect(find('channel-bar')).toBeNull();
  });
});
