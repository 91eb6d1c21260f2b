import type { DeskFrame, QueueView } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError } from '../src/api';
import { createDesk, type Desk } from '../src/desk';
import type { LiveOptions } from '../src/live';
import { api, message, place, queueView, settled, summary, transcript } from './make';

const calls = {
  queue: vi.fn<() => Promise<QueueView>>(),
  conversation: vi.fn((id: string) => Promise.resolve(transcript({ id }))),
  claim: vi.fn((id: string) => Promise.resolve({ conversation: id, stage: 'claimed' as const, version: 11 })),
};
const play = vi.fn();
let live: LiveOptions;
let desk: Desk;
const receive = (frame: DeskFrame): void => live.onFrame(frame);
const receiveQueue = (more: Partial<QueueView>): void => receive({ t: 'queue', ...queueView(more) });

beforeEach(() => {
  vi.clearAllMocks();
  calls.queue.mockResolvedValue(queueView());
  sessionStorage.clear();
  desk = createDesk({
    api: api(calls),
    name: 'zhang',
    alerts: { play },
    makeLive: (options) => {
      live = options;
      return { start: vi.fn(), stop: vi.fn(), retry: vi.fn() };
    },
    clock: () => 1000,
  });
});
afterEach(() => desk.stop());

describe('the queue', () => {
  it('is sorted, and calls out newcomers but not those found at the start', () => {
    receiveQueue({ queue: [place('a')] });
    expect(play).not.toHaveBeenCalled();
    receiveQueue({ queue: [place('a'), place('b', { position: 2 })] });
    expect(play).toHaveBeenLastCalledWith('arrival');
    receiveQueue({ queue: [place('a'), place('b', { position: 2 }), place('e', { position: 3, priority: 1 })] });
    expect(play).toHaveBeenLastCalledWith('emergency');
    expect(desk.state.queue.map(({ conversation }) => conversation)).toEqual(['e', 'a', 'b']);
  });

  it('calls out an emergency even when it was there before', () => {
    receiveQueue({ queue: [place('e', { reason: 'emergency' })] });
    expect(play).toHaveBeenCalledWith('emergency');
  });

  it('is fetched after a reconnect, with the open conversation', async () => {
    await desk.open('c');
    live.onLink('open');
    await settled();
    live.onLink('down');
    await settled();
    calls.queue.mockClear();
    calls.conversation.mockClear();
    calls.queue.mockResolvedValue(queueView({ queue: [place('late')] }));
    live.onLink('open');
    await settled();
    expect(desk.state.queue.map(({ conversation }) => conversation)).toEqual(['late']);
    expect(calls.conversation).toHaveBeenCalledWith('c');
  });

  it('does not let a slow answer undo a newer frame', async () => {
    let answer: (view: QueueView) => void = () => undefined;
    calls.queue.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    const refreshed = desk.refresh();
    receiveQueue({ queue: [place('new')] });
    answer(queueView({ queue: [place('old')] }));
    await refreshed;
    expect(desk.state.queue[0]?.conversation).toBe('new');
  });
});

describe('unread messages', () => {
  const later = { at: '2026-03-01T09:00:00Z' };

  it('count once each, in own conversations that are not open', () => {
    receiveQueue({ queue: [place('q')], mine: [summary('m')] });
    receive({ t: 'message', conversation: 'm', message: message(7, later) });
    receive({ t: 'message', conversation: 'm', message: message(7, later) });
    receive({ t: 'message', conversation: 'q', message: message(2, later) });
    expect([desk.unreadOf('m'), desk.unreadOf('q')]).toEqual([1, 0]);
    expect(play).toHaveBeenCalledWith('message');
  });

  it('leave out what the connection repeats from before', () => {
    receiveQueue({ mine: [summary('m', { last_at: '2026-03-01T08:00:05Z' })] });
    for (const seq of [1, 2, 3, 4, 5]) receive({ t: 'message', conversation: 'm', message: message(seq) });
    expect(desk.unreadOf('m')).toBe(0);
    receive({ t: 'message', conversation: 'm', message: message(6) });
    expect(desk.unreadOf('m')).toBe(1);
  });

  it('are read by opening', async () => {
    receiveQueue({ mine: [summary('m')] });
    receive({ t: 'message', conversation: 'm', message: message(7, later) });
    await desk.open('m');
    expect(desk.unreadOf('m')).toBe(0);
    receive({ t: 'message', conversation: 'm', message: message(8, { at: '2026-03-01T09:00:01Z' }) });
    expect(desk.unreadOf('m')).toBe(0);
  });

  it('show after a reconnect that missed them', async () => {
    receiveQueue({ mine: [summary('m')] });
    calls.queue.mockResolvedValue(queueView({ mine: [summary('m', { last_at: '2026-03-01T09:00:00Z' })] }));
    live.onLink('open');
    await settled();
    expect(desk.unreadOf('m')).toBe(1);
  });
});

describe('a claim', () => {
  it('opens the conversation for writing', async () => {
    await desk.open('c');
    expect(desk.mayReply()).toBe(false);
    await desk.claim('c');
    expect(desk.mayReply()).toBe(true);
  });

  it('that is lost refreshes the queue and what was open', async () => {
    await desk.open('c');
    calls.claim.mockRejectedValueOnce(new ApiError(409, 'already_claimed', { winner: 'li' }));
    calls.conversation.mockRejectedValueOnce(new ApiError(409, 'not_yours', { winner: 'li' }));
    await expect(desk.claim('c')).rejects.toMatchObject({ problem: { winner: 'li' } });
    await settled();
    expect(calls.queue).toHaveBeenCalled();
    expect(desk.talk).toMatchObject({ status: 'taken', winner: 'li' });
    expect(desk.mayReply()).toBe(false);
  });
});

describe('frames', () => {
  it('close what is no longer to be read', async () => {
    await desk.open('c');
    calls.conversation.mockRejectedValueOnce(new ApiError(409, 'not_yours', { winner: 'li' }));
    live.onFrame({ t: 'conversation', conversation: 'c', stage: 'gone', version: 0 } as unknown as DeskFrame);
    expect(desk.talk.transcript).toBeUndefined();
    await settled();
    expect(desk.talk).toMatchObject({ status: 'taken', winner: 'li' });
  });

  it('fetch the rating of an ended conversation', async () => {
    await desk.open('c');
    const rating = { score: 5 as const, at: '2026-03-01T09:00:00Z' };
    calls.conversation.mockResolvedValueOnce(transcript({ stage: 'closed', version: 12, rating }));
    receive({ t: 'conversation', conversation: 'c', stage: 'closed', version: 12 });
    await settled();
    expect(desk.talk.transcript?.rating).toEqual(rating);
  });

  it('end the typing sign with the message', () => {
    receive({ t: 'typing', conversation: 'm' });
    expect(desk.state.typing['m']).toBeGreaterThan(1000);
    receive({ t: 'message', conversation: 'm', message: message(1) });
    expect(desk.state.typing['m']).toBe(0);
  });
});
