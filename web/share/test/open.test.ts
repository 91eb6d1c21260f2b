import { describe, expect, it, vi } from 'vitest';

import { leave, linkOf, openLink, pageOf, proofOf, returnedOf } from '../page/share/open';
import { settle } from '../page/share/telegram';

const link = { id: 'AAAAAAAAAAAAAAAAAAAAAA', key: 'BBBBBBBBBBBBBBBBBBBBBB' };
const answer = (status: number, body: object = {}) =>
  vi.fn<typeof fetch>(() => Promise.resolve(new Response(JSON.stringify(body), { status })));

describe('a link', () => {
  it('says which of the citizen’s own pages it leads to', () => {
    const pages = ['#k=B&at=me', '#k=B&at=chat&tgWebAppData=x', '#k=B', '#k=B&at=desk'].map((hash) => pageOf({ hash }));
    expect(pages).toEqual(['me', 'chat', undefined, undefined]);
  });
  it.each([
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '#k=BBBBBBBBBBBBBBBBBBBBBB', link],
    ['/gate/s/AAAAAAAAAAAAAAAAAAAAAA/', '#k=BBBBBBBBBBBBBBBBBBBBBB', link],
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '', undefined],
    ['/s/short', '#k=BBBBBBBBBBBBBBBBBBBBBB', undefined],
    // Telegram adds its own behind ours, and has been seen to do it in both ways.
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '#k=BBBBBBBBBBBBBBBBBBBBBB&tgWebAppData=user%3D1%26hash%3D2', link],
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '#k=BBBBBBBBBBBBBBBBBBBBBB?tgWebAppData=user%3D1%26hash%3D2', link],
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '#k=BBBBBBBBBBBBBBBBBBBBBB&known', link],
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '#k=%22%3E%3Cscript', undefined],
  ])('%s%s', (pathname, hash, found) => expect(linkOf({ pathname, hash })).toEqual(found));

  it('leads to the form with the right to share it in the fragment', async () => {
    const send = answer(200, { token: 'ttt', form_url: '/forms/enterprise#top' });
    expect(await openLink(link, {}, send)).toEqual({
      state: 'open',
      address: '/forms/enterprise#share=AAAAAAAAAAAAAAAAAAAAAA.ttt',
      token: 'ttt',
      kind: 'form',
    });
    expect(send.mock.calls[0]?.[1]?.body).toBe(JSON.stringify(link));
  });
  it.each([
    [401, undefined, { state: 'code', again: false }],
    [401, '123456', { state: 'code', again: true }],
    [410, undefined, { state: 'gone' }],
    [404, undefined, { state: 'gone' }],
    [503, undefined, { state: 'failed' }],
  ])('is told plainly at %s', async (status, code, result) => {
    expect(await openLink(link, { code }, answer(status))).toEqual(result);
  });
  it('without a network may be tried again', async () => {
    expect(await openLink(link, {}, () => Promise.reject(new TypeError()))).toEqual({ state: 'failed' });
  });
});

describe('a platform that says who it is', () => {
  it('sends the browser back known or not', () => {
    expect(returnedOf({ hash: '#k=BBBBBBBB&known' })).toBe('known');
    expect(returnedOf({ hash: '#k=BBBBBBBB&code' })).toBe('code');
    expect(returnedOf({ hash: '#k=BBBBBBBB' })).toBeUndefined();
  });
  it.each(['&', '?'])('or signs behind %s', async (mark) => {
    const hash = `#k=BBBBBBBBBBBBBBBBBBBBBB${mark}tgWebAppData=user%3D%257B%2522id%2522%253A1%257D%26hash%3Dab&tgWebAppVersion=9.1`;
    expect(proofOf({ hash })).toBe('user=%7B%22id%22%3A1%7D&hash=ab');
    const send = answer(200, { token: 't', form_url: '/f' });
    await openLink(link, { proof: proofOf({ hash }) }, send);
    expect(JSON.parse(send.mock.calls[0]?.[1]?.body as string)).toEqual({ ...link, proof: 'user=%7B%22id%22%3A1%7D&hash=ab' });
  });
  it('is told that the page is there', () => {
    const told: string[] = [];
    settle({ TelegramWebviewProxy: { postEvent: (event, data) => void told.push(`${event} ${data}`) } });
    expect(told).toEqual(['web_app_ready ', 'web_app_expand ', 'web_app_setup_swipe_behavior {"allow_vertical_swipe":false}']);
    expect(() => settle({})).not.toThrow();
  });
  it('is left for only by a whole address', async () => {
    expect(await leave(link, answer(200, { url: 'https://open.weixin.qq.com/x' }))).toBe('https://open.weixin.qq.com/x');
    expect(await leave(link, answer(200, { url: null }))).toBeUndefined();
    expect(await leave(link, answer(200, { url: 'javascript:alert(1)' }))).toBeUndefined();
    expect(await leave(link, answer(410))).toBeUndefined();
    expect(await leave(link, () => Promise.reject(new TypeError()))).toBeUndefined();
  });
});
