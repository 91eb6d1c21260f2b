import type { Message, Revealed } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, h, type App } from 'vue';

import { ApiError, createApi } from '../src/api';
import { createDesk, deskKey } from '../src/desk';
import { setLocale } from '../src/locale';
import { SHOWN_FOR } from '../src/reveal';
import MessageItem from '../src/views/MessageItem.vue';
import { api, message, settled } from './make';

let app: App | undefined;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  app?.unmount();
  document.body.innerHTML = '';
  vi.useRealTimers();
  setLocale('zh');
});

const HIDDEN = message(4, { text: '电话【手机号】', hidden: true });

function draw(shown: Message, reveal: (id: string, seq: number) => Promise<Revealed>): void {
  const desk = createDesk({ api: api({ reveal }), name: 'zhang', alerts: { play: () => undefined } });
  app = createApp({ render: () => h(MessageItem, { message: shown, talk: 'c' }) });
  app.provide(deskKey, desk);
  app.mount(document.body.appendChild(document.createElement('div')));
}
const button = (): HTMLElement | null => document.querySelector('[data-testid="reveal"]');
const words = (): string | null | undefined => document.querySelector('.typed')?.textContent;

describe('what is hidden in a message', () => {
  it('is shown on a press, for a minute', async () => {
    const reveal = vi.fn(() => Promise.resolve({ text: '电话13812345678' }));
    draw(HIDDEN, reveal);
    expect([words(), button()?.textContent.trim()]).toEqual(['电话【手机号】', '显示']);
    button()?.click();
    await settled();
    expect(reveal).toHaveBeenCalledWith('c', 4);
    expect([words(), button()?.textContent.trim()]).toEqual(['电话13812345678', '收起']);
    vi.advanceTimersByTime(SHOWN_FOR - 1);
    await settled();
    expect(words()).toBe('电话13812345678');
    vi.advanceTimersByTime(1);
    await settled();
    expect(words()).toBe('电话【手机号】');
  });

  it('goes away on a second press, which asks nothing', async () => {
    const reveal = vi.fn(() => Promise.resolve({ text: '电话13812345678' }));
    draw(HIDDEN, reveal);
    button()?.click();
    await settled();
    button()?.click();
    await settled();
    expect([words(), reveal.mock.calls.length]).toEqual(['电话【手机号】', 1]);
  });

  it('stays hidden when the server refuses, and says why', async () => {
    draw(HIDDEN, () => Promise.reject(new ApiError(410, 'not_kept', { title: '已过保存期限' })));
    button()?.click();
    await settled();
    expect(words()).toBe('电话【手机号】');
    expect(document.body.textContent).toContain('已过保存期限');
  });

  it('also stands in places and names of files', async () => {
    const file = { id: 'f', kind: 'file' as const, name: '【手机号】.pdf', mime: 'application/pdf', bytes: 9, state: 'kept' as const };
    draw(message(4, { text: '', place: '【住址】', attachments: [file], hidden: true }), () =>
      Promise.resolve({ text: '', place: '文昌路12弄5号602', files: ['13812345678.pdf'] }),
    );
    button()?.click();
    await settled();
    expect(document.body.textContent).toContain('文昌路12弄5号602');
    expect(document.body.textContent).toContain('13812345678.pdf');
  });

  it('has no button where nothing is hidden, or nothing may be revealed', () => {
    draw(message(4, { text: '电话【手机号】' }), () => Promise.reject(new Error('never')));
    expect(button()).toBeNull();
  });

  it('is asked for at its own address', async () => {
    const fetch = vi.fn(() => Promise.resolve(new Response('{"text":"x"}')));
    expect(await createApi({ fetch }).reveal('a b', 4)).toEqual({ text: 'x' });
    expect(fetch).toHaveBeenCalledWith('/api/v1/desk/conversations/a%20b/messages/4/reveal', expect.objectContaining({ method: 'POST' }));
  });
});
