import { describe, expect, it, vi } from 'vitest';

import { offerShare, shareIn } from '../src/share';

const server = new URL('https://gov.example/gate/');
const [id, key] = ['A'.repeat(22), 'B'.repeat(22)];
const href = `https://gov.example/gate/s/${id}#k=${key}`;

describe('a link to a shared form', () => {
  it('is found in the words around it', () => {
    expect(shareIn(`请点这里：\n${href}\n10 分钟内有效`, server)).toEqual({ id, key, href, rest: '请点这里：\n\n10 分钟内有效' });
  });
  it.each([
    ['another server', `https://evil.example/gate/s/${id}#k=${key}`],
    ['another server that begins alike', `https://gov.example.evil.example/gate/s/${id}#k=${key}`],
    ['a login in front', `https://gov.example@evil.example/gate/s/${id}#k=${key}`],
    ['a script', `javascript:alert(1)//gov.example/gate/s/${id}#k=${key}`],
    ['no key', `https://gov.example/gate/s/${id}`],
    ['plain words', '请打开表单'],
  ])('is none with %s', (_why, text) => expect(shareIn(text, server)).toBeUndefined());

  it('says which of the citizen’s own pages it is for', () => {
    expect(shareIn(`${href}&at=chat 请按`, server)).toEqual({ id, key, page: 'chat', href: `${href}&at=chat`, rest: '请按' });
    expect(shareIn(`${href}&at=me`, server)?.page).toBe('me');
    expect(shareIn(`${href}&at=menu`, server)?.page, 'a word that begins alike is none').toBeUndefined();
  });

  it('is taken over by the page it is on, if that can', () => {
    const link = shareIn(href, server);
    if (!link) throw new Error('no link');
    expect(offerShare(link)).toBe(false);
    const heard = vi.fn((event: Event) => event.preventDefault());
    window.addEventListener('yikouwen:share', heard, { once: true });
    expect(offerShare(link)).toBe(true);
    expect((heard.mock.calls[0]?.[0] as CustomEvent).detail).toEqual({ id, key });
  });
});
