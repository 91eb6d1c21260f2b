// @vitest-environment jsdom
import type { Earlier } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, nextTick, type App } from 'vue';

import { ApiError } from '../src/api';
import { createDesk, deskKey } from '../src/desk';
import { unresolvedFirst } from '../src/reduce';
import ConversationPanel from '../src/views/ConversationPanel.vue';
import { api, message, settled, transcript } from './make';

const one = (id: string, more: Partial<Earlier> = {}): Earlier => ({
  id,
  channel: 'web',
  opened_at: '2026-03-01T01:00:00Z',
  question: `问题 ${id}`,
  state: 'resolved',
  ...more,
});
const earlier = [one('new'), one('old', { state: 'unresolved', channel: 'wechat' }), one('shut', { readable: false, state: 'open' })];

it('puts what is unresolved first and leaves the rest in order', () => {
  expect(unresolvedFirst([...earlier, one('older', { state: 'unresolved' })]).map(({ id }) => id)).toEqual(['old', 'older', 'new', 'shut']);
});

describe('the open conversation', () => {
  let app: App | undefined;
  let host: HTMLElement;
  const conversation = vi.fn();
  const parts = (id: string): HTMLElement[] => Array.from(document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`));
  const text = (id: string): string | undefined => parts(id)[0]?.textContent.trim();

  async function mount(): Promise<void> {
    const live = { start: vi.fn(), stop: vi.fn(), retry: vi.fn() };
    const desk = createDesk({ api: api({ conversation, enterprise: () => Promise.resolve(undefined) }), name: '王老师', alerts: { play: vi.fn() }, makeLive: () => live });
    host = document.createElement('div');
    document.body.append(host);
    app = createApp(ConversationPanel);
    app.provide(deskKey, desk);
    app.mount(host);
    await desk.open('now');
    await settled();
    await nextTick();
  }
  async function click(id: string, at = 0): Promise<void> {
    parts(id)[at]?.click();
    await settled();
    await nextTick();
  }

  beforeEach(() => {
    conversation.mockReset();
    conversation.mockImplementation((id: string) =>
      Promise.resolve(
        id === 'now'
          ? transcript({ id, messages: [message(1)], citizen: { name: '张*', since: '2026-02-01T01:00:00Z' }, earlier })
          : transcript({ id, stage: 'closed', messages: [message(1, { text: '以前问过的' }), message(2, { author: 'robot', text: '以前答过的' })] }),
      ),
    );
  });
  afterEach(() => {
    app?.unmount();
    document.body.innerHTML = '';
  });

  it('says who logged in, and what he asked before, in words', async () => {
    await mount();
    expect(text('citizen')).toBe('实名用户 张*');
    expect(text('earlier-unresolved')).toBe('1 个没有解决');
    const rows = parts('earlier-row').map((row) => row.textContent);
    expect(rows[0]).toContain('问题 old');
    expect(rows[0]).toContain('没有解决');
    expect(rows[0]).toContain('微信');
    expect(rows[2]).toContain('不能查看');
    expect(parts('earlier-open')).toHaveLength(2);
  });

  it('opens one to read beside the present one, which stays open', async () => {
    await mount();
    await click('earlier-open');
    expect(conversation).toHaveBeenLastCalledWith('old');
    expect(text('earlier-messages')).toContain('以前答过的');
    expect(parts('conversation')[0]?.dataset['status']).toBe('ready');
    expect(parts('earlier-messages')[0]?.querySelector('textarea')).toBeNull();
    window.location.hash = '#/c/now/e/x';
    window.dispatchEvent(new Event('hashchange'));
    await nextTick();
    expect(parts('earlier-messages'), 'the source is not covered').toHaveLength(0);
    window.location.hash = '';
  });

  it('says that it could not be read, and tries again', async () => {
    await mount();
    conversation.mockRejectedValueOnce(new ApiError(0, 'network'));
    await click('earlier-open');
    expect(text('earlier-failed')).toContain('连不上服务器');
    await click('earlier-retry');
    expect(text('earlier-messages')).toContain('以前问过的');
  });

  it('shows nothing of it for somebody who was never here', async () => {
    conversation.mockResolvedValue(transcript({ id: 'now', messages: [message(1)], earlier: [] }));
    await mount();
    expect(parts('citizen')).toHaveLength(0);
    expect(parts('earlier')).toHaveLength(0);
  });
});
