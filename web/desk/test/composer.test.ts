import type { Transcript } from '@yikouwen/shared/wire';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createApp, h, nextTick, reactive, type App } from 'vue';

import { createDesk, deskKey, type Desk } from '../src/desk';
import ComposerBox from '../src/views/ComposerBox.vue';
import { MessageText } from '../src/views/MessageText';
import { api, message, transcript } from './make';

const say = vi.fn(() => Promise.resolve(message(1, { author: 'helper' })));
let app: App | undefined;
afterEach(() => {
  app?.unmount();
  document.body.innerHTML = '';
  sessionStorage.clear();
});

function mount(talk: Transcript): Desk {
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  const desk = createDesk({
    api: api({ say, typing: () => Promise.resolve(undefined), conversation: () => Promise.resolve(talk) }),
    name: 'zhang',
    alerts: { play: vi.fn() },
    makeLive: () => ({ start: vi.fn(), stop: vi.fn(), retry: vi.fn() }),
  });
  app = createApp({ render: () => h(ComposerBox, { talk, claiming: false }) });
  app.provide(deskKey, desk);
  app.mount(document.body.appendChild(document.createElement('div')));
  return desk;
}
const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

describe('the composer', () => {
  it.each([
    ['queued', undefined, true],
    ['left_message', undefined, true],
    ['serving', 'li', false],
    ['closed', 'zhang', false],
    ['robot', undefined, false],
  ] as const)('is locked while %s (%s)', (stage, owner, claimable) => {
    mount(transcript({ stage, ...(owner === undefined ? {} : { owner }) }));
    expect(find('composer-input')).toBeNull();
    expect(find('composer-locked')?.textContent).not.toBe('');
    expect(find('claim-open') !== null).toBe(claimable);
  });

  it('says when the platform takes so much only in several messages', async () => {
    const limit = { text: 2048, unit: 'bytes' } as const;
    const desk = mount(reactive(transcript({ id: 'c', stage: 'serving', owner: 'zhang', limit })));
    desk.drafts.set('c', '办'.repeat(682));
    await nextTick();
    expect(find('composer-parts')).toBeNull();
    desk.drafts.set('c', '办'.repeat(1400));
    await nextTick();
    expect(find('composer-parts')?.textContent).toContain('3');
  });

  it('sends at Enter and is empty after', async () => {
    const desk = mount(reactive(transcript({ id: 'c', stage: 'serving', owner: 'zhang' })));
    desk.drafts.set('c', ' hello ');
    await nextTick();
    const input = find('composer-input');
    expect(input).toHaveProperty('value', ' hello ');
    input?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }));
    expect(say).not.toHaveBeenCalled();
    input?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    expect(say).toHaveBeenCalledWith('c', expect.objectContaining({ text: 'hello' }));
    expect(desk.drafts.get('c')).toBe('');
  });
});

describe('message text', () => {
  it('never becomes HTML, and refuses dangerous links', () => {
    const text = '<img src=x onerror=alert(1)> [x](javascript:alert(1)) [ok](https://a.example/) **b** [1]';
    const marks: number[] = [];
    app = createApp({ render: () => h(MessageText, { text, onMark: (number: number) => marks.push(number) }) });
    app.mount(document.body.appendChild(document.createElement('div')));
    expect(document.querySelector('img')).toBeNull();
    const links = [...document.querySelectorAll('a')];
    expect(links.map(({ href, rel }) => [href, rel])).toEqual([['https://a.example/', 'noopener noreferrer']]);
    find('mark')?.click();
    expect(marks).toEqual([1]);
  });
});
