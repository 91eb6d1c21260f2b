// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, nextTick, type App } from 'vue';

import type { Api } from '../src/api';
import { ApiError } from '../src/api';
import type { Looked } from '../src/search/wire';
import TryPanel from '../src/views/search/TryPanel.vue';
import { api, settled } from './make';

const looked: Looked = {
  read_as: '身份证丢了怎么补办',
  outcome: 'answered',
  thresholds: { answer_at: 0.5, clarify_at: 0.3 },
  version: { knowledge: 3, weights: 'abcd1234', analyzer: 'x' },
  milliseconds: 0.4,
  hits: [
    {
      id: 'id-card',
      kind: 'faq',
      title: '身份证遗失补领',
      unit: '身份证丢了怎么办',
      confidence: 0.9,
      score: 1.2,
      model: 'questions',
      fields: [{ field: 'similar', score: 0.9 }],
      terms: [{ term: '身份', field: 'similar', score: 0.2 }],
      features: [{ name: 'body_all', value: 0.9, weight: 1, contribution: 0.9 }],
      matched: ['身份证'],
      missing: ['补办'],
    },
  ],
};

describe('trying a question', () => {
  let app: App | undefined;
  let host: HTMLElement;

  function mount(calls: Partial<Api>, question = ''): void {
    const places = () => Promise.reject(new ApiError(503, 'unavailable'));
    app = createApp(TryPanel, { api: api({ places, ...calls }), question });
    app.mount(host);
  }
  const part = (id: string) => host.querySelector(`[data-testid="${id}"]`);

  beforeEach(() => {
    host = document.createElement('div');
    document.body.append(host);
  });
  afterEach(() => {
    app?.unmount();
    host.remove();
  });

  it('says what to do first, and asks for a question before it searches', async () => {
    mount({});
    expect(part('try-empty')?.textContent).toContain('不会发给群众');
    part('try-form')?.dispatchEvent(new Event('submit'));
    await nextTick();
    expect(host.querySelector('[role="alert"]')?.textContent).toBe('请先输入一个问题');
  });

  it('shows the outcome in words, and why each hit stands where it stands', async () => {
    const look = vi.fn(() => Promise.resolve(looked));
    mount({ look }, '身份证丢了怎么补办');
    await nextTick();
    expect(part('state-loading')).not.toBeNull();
    await settled();
    expect(part('try-outcome')?.textContent).toBe('会直接回答');
    expect(part('hit-confidence')?.textContent).toBe('90%');
    const text = part('hit')?.textContent ?? '';
    for (const words of ['身份证遗失补领', '身份证丢了怎么办', '够直接回答', '全文吻合度', '相似问']) expect(text).toContain(words);
    expect(look).toHaveBeenCalledWith(expect.objectContaining({ question: '身份证丢了怎么补办' }));
  });

  it('says when nothing was found', async () => {
    mount({ look: () => Promise.resolve({ ...looked, outcome: 'no_answer', hits: [] }) }, '什么都不是');
    await settled();
    expect(part('try-none')).not.toBeNull();
    expect(part('try-outcome')?.textContent).toBe('会说没有答案');
  });

  it('says that it failed, and tries again', async () => {
    const look = vi.fn<Api['look']>().mockRejectedValueOnce(new ApiError(0, 'network')).mockResolvedValueOnce(looked);
    mount({ look }, '身份证');
    await settled();
    expect(part('state-failed')?.textContent).toContain('连不上服务器');
    (part('state-again') as HTMLElement).click();
    await settled();
    expect(part('try-outcome')).not.toBeNull();
  });
});
