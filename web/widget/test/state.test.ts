import type { DurableFrame, Message, ServerFrame } from '@yikouwen/shared/wire';
import { describe, expect, it } from 'vitest';

import { contiguous, hasGap, initialState, reduce, type Action, type State } from '../src/state';

const at = '2026-03-01T01:00:00Z';

function message(seq: number, more: Partial<Message> = {}): Message {
  return { seq, id: `m${seq}`, author: 'robot', at, text: `第 ${seq} 条`, ...more };
}
function play(...steps: (ServerFrame | Action)[]): State {
  return steps.reduce<State>(
    (state, step) => reduce(state, 'type' in step ? step : { type: 'frame', frame: step }),
    initialState,
  );
}
const says = (conversation: string, one: Message): ServerFrame => ({ t: 'message', conversation, message: one });
const welcome = (conversation: string, last = 0): ServerFrame => ({ t: 'welcome', conversation, stage: 'robot', last });
const out = (frame: DurableFrame): Action => ({ type: 'out', frame });
const say: DurableFrame = { t: 'say', id: 'c1', text: '你好' };

describe('messages', () => {
  it('are ordered by seq and never repeated', () => {
    const state = play(welcome('a', 3), says('a', message(2)), says('a', message(1)), says('a', message(2)), says('a', message(3)));
    expect(state.messages.map((one) => one.seq)).toEqual([1, 2, 3]);
    expect(contiguous(state.messages)).toBe(3);
    expect(hasGap(state.messages)).toBe(false);
  });

  it('show a gap where one is missing', () => {
    const state = play(welcome('a'), says('a', message(1)), says('a', message(3)));
    expect(hasGap(state.messages)).toBe(true);
    expect(contiguous(state.messages)).toBe(1);
  });

  it('are history until the welcome is caught up with', () => {
    expect(play(welcome('a', 2), says('a', message(1))).settled).toBe(false);
    expect(play(welcome('a', 2), says('a', message(1)), says('a', message(2))).settled).toBe(true);
    expect(play(welcome('a', 0)).settled).toBe(true);
  });

  it('of a conversation that is over are kept, and a late one of them changes nothing', () => {
    const before: (ServerFrame | Action)[] = [welcome('a', 1), says('a', message(1)), { t: 'conversation', conversation: 'b' }];
    const state = play(...before, says('b', message(1)), says('a', message(2)));
    expect(state.conversation).toBe('b');
    expect(state.past).toMatchObject([{ conversation: 'a', messages: [{ seq: 1 }] }]);
    expect(state.messages).toHaveLength(1);
  });
});

describe('own words', () => {
  it('show at once, then a tick, then give way to the message', () => {
    let state = play(welcome('a'), out(say));
    expect(state.pending).toMatchObject([{ text: '你好', status: 'sending' }]);
    state = reduce(state, { type: 'frame', frame: { t: 'accepted', id: 'c1' } });
    expect(state.pending).toMatchObject([{ status: 'accepted' }]);
    state = reduce(state, { type: 'frame', frame: says('a', message(1, { author: 'citizen', client_id: 'c1' })) });
    expect(state.pending).toEqual([]);
    expect(state.messages).toHaveLength(1);
  });

  it.each(['busy', 'rate_limited', 'unavailable'] as const)('are held, not lost, when the server is %s', (code) => {
    const state = play(welcome('a'), out(say), { t: 'error', id: 'c1', code, retry_after: 2 });
    expect(state.pending).toMatchObject([{ status: 'held' }]);
    expect(state.notice).toEqual({ code, retryAfter: 2 });
  });

  it.each(['too_long', 'empty', 'bad_frame', 'not_now'] as const)('that are %s can be taken back', (code) => {
    const state = play(welcome('a'), out(say), { t: 'error', id: 'c1', code });
    expect(state.pending).toMatchObject([{ status: 'failed', code }]);
    expect(reduce(state, { type: 'withdraw', id: 'c1' }).pending).toEqual([]);
  });

  it('survive the beginning of a new conversation', () => {
    expect(play(welcome('a'), out(say), { t: 'conversation', conversation: 'b' }).pending).toHaveLength(1);
  });
});

describe('drafts', () => {
  const delta = (text: string): ServerFrame => ({ t: 'delta', turn: 'm2', text });

  it('think, grow, and give way to the message', () => {
    let state = play(welcome('a'), { t: 'thinking', turn: 'm2' });
    expect(state.drafts).toEqual([{ turn: 'm2', text: '', torn: false }]);
    state = play(welcome('a'), { t: 'thinking', turn: 'm2' }, delta('身份'), delta('证'));
    expect(state.drafts[0]?.text).toBe('身份证');
    state = reduce(state, { type: 'frame', frame: says('a', message(2)) });
    expect(state.drafts).toEqual([]);
    expect(reduce(state, { type: 'frame', frame: delta('迟到') }).drafts).toEqual([]);
  });

  it('vanish when dropped or when a person takes over', () => {
    expect(play(welcome('a'), delta('身'), { t: 'drop', turn: 'm2' }).drafts).toEqual([]);
    expect(play(welcome('a'), delta('身'), { t: 'state', conversation: 'a', stage: 'serving' }).drafts).toEqual([]);
  });

  it('of a server that ended give way to what the next one wrote in their place', () => {
    const broken = [welcome('a'), { t: 'thinking', turn: 'gone' } as ServerFrame, welcome('a')];
    expect(play(...broken).drafts).toHaveLength(1);
    expect(play(...broken, says('a', message(1, { author: 'citizen' }))).drafts).toHaveLength(1);
    expect(play(...broken, says('a', message(1))).drafts).toEqual([]);
    const living = { t: 'thinking', turn: 'm9' } as ServerFrame;
    expect(play(...broken, living, says('a', message(1))).drafts.map((draft) => draft.turn)).toEqual(['m9']);
  });

  it('are not pieced together across a broken line', () => {
    const state = play(welcome('a'), delta('身份'), welcome('a'), delta('补办'));
    expect(state.drafts).toEqual([{ turn: 'm2', text: '', torn: true }]);
    const again = reduce(state, { type: 'frame', frame: { t: 'thinking', turn: 'm2' } });
    expect(reduce(again, { type: 'frame', frame: delta('全文') }).drafts[0]?.text).toBe('全文');
  });
});

describe('people', () => {
  const state = (more: Partial<Extract<ServerFrame, { t: 'state' }>>): ServerFrame => ({ t: 'state', conversation: 'a', stage: 'queued', ...more });

  it('are waited for with a place and a time', () => {
    const after = play(welcome('a'), out({ t: 'human', id: 'h' }), state({ position: 3, wait_seconds: 120, desk_open: true }));
    expect(after).toMatchObject({ stage: 'queued', position: 3, waitSeconds: 120, deskOpen: true, askingHuman: false });
  });

  it('are asked for only once at a time, until refused', () => {
    const asked = play(welcome('a'), out({ t: 'human', id: 'h' }));
    expect(asked.askingHuman).toBe(true);
    expect(reduce(asked, { type: 'frame', frame: { t: 'error', id: 'h', code: 'not_now' } }).askingHuman).toBe(false);
  });

  it('type until they have spoken', () => {
    const typing = play(welcome('a'), state({ stage: 'serving', helper: '张老师' }), { t: 'typing' });
    expect(typing.helperTyping).toBe(true);
    const spoken = reduce(typing, { type: 'frame', frame: says('a', message(1, { author: 'helper' })) });
    expect(spoken.helperTyping).toBe(false);
  });

  it('of another conversation are none of ours', () => {
    expect(play(welcome('a'), state({ conversation: 'z', stage: 'serving' })).stage).toBe('robot');
  });
});

describe('clicks show at once and are taken back when refused', () => {
  const clicks: [DurableFrame, (state: State) => unknown, unknown][] = [
    [{ t: 'feedback', id: 'x', message: 'm1', useful: true }, (state) => state.feedback.m1, 'useful'],
    [{ t: 'choose', id: 'x', message: 'm1', key: '2' }, (state) => state.picked.m1, '2'],
    [{ t: 'rate', id: 'x', score: 4 }, (state) => state.rated.a, 4],
  ];
  it.each(clicks)('%o', (frame, read, shown) => {
    const done = play(welcome('a'), out(frame));
    expect(read(done)).toBe(shown);
    expect(read(reduce(done, { type: 'frame', frame: { t: 'error', id: 'x', code: 'unknown_message' } }))).toBeUndefined();
    const accepted = reduce(done, { type: 'frame', frame: { t: 'accepted', id: 'x' } });
    expect(read(accepted)).toBe(shown);
    expect(accepted.hoped).toEqual({});
  });
});
