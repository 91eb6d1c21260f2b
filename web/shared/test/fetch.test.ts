import { afterEach, describe, expect, it, vi } from 'vitest';

import { fetchWhenShared } from '../src/assist/fetch';
import { keep, kept } from '../src/assist/kept';

const scripts = (): HTMLScriptElement[] => Array.from(document.head.querySelectorAll('script'));
const press = (page: string | undefined): boolean =>
  !window.dispatchEvent(new CustomEvent('yikouwen:share', { detail: { id: 'i', key: 'k', page }, cancelable: true }));

afterEach(() => {
  document.head.innerHTML = '';
  sessionStorage.clear();
  location.hash = '';
});

describe('the script of the shared screen', () => {
  it('is fetched once a link for this page is pressed, and then hears of it', () => {
    fetchWhenShared('chat', '/assist.js');
    expect(scripts()).toEqual([]);
    expect([press(undefined), press('me')], 'what is for another page opens as a link does').toEqual([false, false]);
    expect(scripts()).toEqual([]);
    expect([press('chat'), press('chat')]).toEqual([true, true]);
    expect(scripts().map(({ src, dataset }) => [new URL(src).pathname, dataset['page']])).toEqual([['/assist.js', 'chat']]);
    const heard = vi.fn((event: Event) => event.preventDefault());
    window.addEventListener('yikouwen:share', heard);
    scripts()[0]?.dispatchEvent(new Event('load'));
    expect(heard).toHaveBeenCalledOnce();
    expect((heard.mock.calls[0]?.[0] as CustomEvent).detail).toEqual({ id: 'i', key: 'k', page: 'chat' });
    window.removeEventListener('yikouwen:share', heard);
    expect(press('chat'), 'it listens itself from now on').toBe(false);
  });
  it('is fetched for a share that this very page goes on with', () => {
    keep({ sid: 's', token: 't', page: 'chat' });
    fetchWhenShared('me', '/assist.js');
    expect([scripts().length, kept('me'), kept(undefined)]).toEqual([0, undefined, undefined]);
    fetchWhenShared('chat', '/assist.js');
    expect([scripts().length, kept('chat')?.sid]).toEqual([1, 's']);
    expect([press('chat'), scripts().length], 'once is enough, though a link is pressed meanwhile').toEqual([true, 1]);
  });
  it('is fetched for a share that the address brings', () => {
    location.hash = '#share=aaaaaaaa.bbbbbbbb';
    fetchWhenShared('me', '/assist.js');
    expect(scripts()).toHaveLength(1);
  });
});
