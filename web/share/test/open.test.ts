import { describe, expect, it, vi } from 'vitest';

import { linkOf, openLink } from '../page/share/open';

const link = { id: 'AAAAAAAAAAAAAAAAAAAAAA', key: 'BBBBBBBBBBBBBBBBBBBBBB' };
const answer = (status: number, body: object = {}) =>
  vi.fn<typeof fetch>(() => Promise.resolve(new Response(JSON.stringify(body), { status })));

describe('a link', () => {
  it.each([
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '#k=BBBBBBBBBBBBBBBBBBBBBB', link],
    ['/gate/s/AAAAAAAAAAAAAAAAAAAAAA/', '#k=BBBBBBBBBBBBBBBBBBBBBB', link],
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '', undefined],
    ['/s/short', '#k=BBBBBBBBBBBBBBBBBBBBBB', undefined],
    ['/s/AAAAAAAAAAAAAAAAAAAAAA', '#k=%22%3E%3Cscript', undefined],
  ])('%s%s', (pathname, hash, found) => expect(linkOf({ pathname, hash })).toEqual(found));

  it('leads to the form with the right to share it in the fragment', async () => {
    const send = answer(200, { token: 'ttt', form_url: '/forms/enterprise#top' });
    expect(await openLink(link, undefined, send)).toEqual({
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
    expect(await openLink(link, code, answer(status))).toEqual(result);
  });
  it('without a network may be tried again', async () => {
    expect(await openLink(link, undefined, () => Promise.reject(new TypeError()))).toEqual({ state: 'failed' });
  });
});
