import { describe, expect, it, vi } from 'vitest';

import { ApiError, createApi } from '../src/api';
import { claimRefusal } from '../src/claim';
import { explain } from '../src/errors';
import { zh } from '../src/locales/zh';

function answering(status: number, body?: unknown, headers: Record<string, string> = {}) {
  const text = body === undefined ? null : JSON.stringify(body);
  return vi.fn<typeof fetch>(() => Promise.resolve(new Response(text, { status, headers })));
}

async function failure(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error('it did not fail as it should');
  return error;
}

describe('the api client', () => {
  it('says what it wants in the language of the page', async () => {
    const fetch = answering(200, { queue: [], mine: [], desk_open: true, online: 0 });
    await createApi({ fetch, language: () => 'en' }).queue();
    const [url, init] = fetch.mock.calls[0] ?? [];
    expect(url).toBe('/api/v1/desk/queue');
    expect(init?.headers).toMatchObject({ 'accept-language': 'en' });
  });

  it('leaves out what the server prints as null', async () => {
    const fetch = answering(200, { id: 'c', owner: null, transcript: [{ seq: 1, name: null }] });
    const talk = await createApi({ fetch }).conversation('c');
    expect(talk).toEqual({ id: 'c', messages: [{ seq: 1 }] });
  });

  it('names the winner of a lost claim', async () => {
    const api = createApi({ fetch: answering(409, { code: 'already_claimed', title: '已被接走', winner: '李主任' }) });
    const error = await failure(api.claim('c'));
    expect(error).toMatchObject({ status: 409, code: 'already_claimed', passing: false });
    expect(claimRefusal(error, zh)).toBe('李主任 先一步接入了这个会话');
  });

  it('gives the reason of a refused claim without a winner', () => {
    const full = new ApiError(409, 'at_capacity', { title: '已达上限' });
    expect(claimRefusal(full, zh)).toBe('已达上限');
    expect(claimRefusal(new ApiError(409, ''), zh)).toBe(zh.queue.lostUnknown);
  });

  it('tells once that the session ended', async () => {
    const onUnauthorized = vi.fn();
    const error = await failure(
      createApi({ fetch: answering(401, { code: 'not_logged_in' }), onUnauthorized }).queue(),
    );
    expect(error.status).toBe(401);
    expect(onUnauthorized).toHaveBeenCalledOnce();
  });

  it('does not take a wrong password for the end of a session', async () => {
    const onUnauthorized = vi.fn();
    const api = createApi({ fetch: answering(401, { code: 'wrong_password' }), onUnauthorized });
    await failure(api.login('zhang', 'bad'));
    await failure(api.changePassword('bad', 'a new password'));
    expect(onUnauthorized).not.toHaveBeenCalled();
  });

  it('reads how long to wait', async () => {
    const api = createApi({ fetch: answering(429, { code: 'throttled' }, { 'retry-after': '17' }) });
    expect(await failure(api.login('zhang', 'bad'))).toMatchObject({ status: 429, retryAfter: 17, passing: true });
  });

  it('knows an unreachable server from one that is too slow', async () => {
    const offline = vi.fn<typeof fetch>(() => Promise.reject(new TypeError('failed to fetch')));
    const slow = vi.fn<typeof fetch>(() => Promise.reject(new DOMException('late', 'TimeoutError')));
    const lost = await failure(createApi({ fetch: offline }).queue());
    const late = await failure(createApi({ fetch: slow }).queue());
    expect([lost.code, late.code]).toEqual(['network', 'timeout']);
    expect(explain(lost, zh)).toBe(zh.errors.network);
    expect(explain(late, zh)).toBe(zh.errors.timeout);
  });

  it('survives an error page that is not a problem document', async () => {
    const answer = vi.fn<typeof fetch>(() => Promise.resolve(new Response('<html>', { status: 502 })));
    const error = await failure(createApi({ fetch: answer }).queue());
    expect(explain(error, zh)).toBe(zh.errors.server);
  });
});
