import type { Message } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../src/api';
import { createOutbox } from '../src/outbox';
import { memory, message } from './make';

type Say = (conversation: string, message: { id: string; text: string }) => Promise<Message>;
const sentAs = (id: string): Message => message(1, { id, author: 'helper' });
const say = vi.fn<Say>();
const onSent = vi.fn();
const onRefused = vi.fn();
const make = (storage = memory()) => createOutbox({ say, onSent, onRefused, storage, key: 'outbox' });

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetAllMocks();
  say.mockImplementation((_, { id }) => Promise.resolve(sentAs(id)));
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the outbox', () => {
  it('sends a reply and forgets it', async () => {
    const outbox = make();
    outbox.add('c', 'hello');
    expect(outbox.items[0]?.state).toBe('sending');
    await vi.runAllTimersAsync();
    expect(outbox.items).toHaveLength(0);
    expect(onSent).toHaveBeenCalledOnce();
  });

  it('sends again under the same id, and keeps the order', async () => {
    say.mockRejectedValueOnce(new ApiError(0, 'network')).mockRejectedValueOnce(new ApiError(503, 'unavailable'));
    const outbox = make();
    outbox.add('c', 'first');
    outbox.add('c', 'second');
    await vi.advanceTimersByTimeAsync(0);
    expect(outbox.items.map(({ state }) => state)).toEqual(['retrying', 'sending']);
    await vi.runAllTimersAsync();
    const calls = say.mock.calls.map(([, { id, text }]) => ({ id, text }));
    expect(calls.map(({ text }) => text)).toEqual(['first', 'first', 'first', 'second']);
    expect(new Set(calls.slice(0, 3).map(({ id }) => id)).size).toBe(1);
  });

  it('waits as long as the server asks', async () => {
    say.mockRejectedValueOnce(new ApiError(429, 'rate_limited', {}, 20));
    const outbox = make();
    outbox.add('c', 'hello');
    await vi.advanceTimersByTimeAsync(19_000);
    expect(say).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(say).toHaveBeenCalledTimes(2);
  });

  it('stops at a refusal, lets the next reply pass, and gives the refused one back', async () => {
    say.mockRejectedValueOnce(new ApiError(422, 'too_long'));
    const outbox = make();
    outbox.add('c', 'too long');
    outbox.add('c', 'short');
    await vi.runAllTimersAsync();
    expect(outbox.items.map(({ text, state }) => [text, state])).toEqual([['too long', 'failed']]);
    expect(onRefused).toHaveBeenCalledOnce();
    const id = outbox.items[0]?.id ?? '';
    expect(outbox.take(id)?.text).toBe('too long');
    expect(outbox.items).toHaveLength(0);
  });

  it('goes at once when the connection is back', async () => {
    say.mockRejectedValueOnce(new ApiError(0, 'network'));
    const outbox = make();
    outbox.add('c', 'hello');
    await vi.advanceTimersByTimeAsync(10);
    outbox.nudge();
    await vi.advanceTimersByTimeAsync(10);
    expect(outbox.items).toHaveLength(0);
  });

  it('survives a reload', async () => {
    const storage = memory();
    say.mockRejectedValue(new ApiError(0, 'network'));
    const before = make(storage);
    before.add('c', 'hello');
    await vi.advanceTimersByTimeAsync(10);
    before.dispose();
    say.mockImplementation((_, { id }) => Promise.resolve(sentAs(id)));
    const after = make(storage);
    expect(after.items.map(({ text, state }) => [text, state])).toEqual([['hello', 'retrying']]);
    after.nudge();
    await vi.runAllTimersAsync();
    expect(after.items).toHaveLength(0);
    expect(storage.read('outbox')).toBeUndefined();
  });

  it('drops what came back over the live connection', async () => {
    say.mockRejectedValue(new ApiError(0, 'timeout'));
    const outbox = make();
    outbox.add('c', 'hello');
    await vi.advanceTimersByTimeAsync(10);
    outbox.settle(outbox.items[0]?.id ?? '');
    const calls = say.mock.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(say).toHaveBeenCalledTimes(calls);
  });

  it('is not confused by rubbish in the storage', () => {
    const storage = memory();
    storage.write('outbox', [null, 7, { id: 'x' }, 'text']);
    expect(make(storage).items).toHaveLength(0);
  });
});
