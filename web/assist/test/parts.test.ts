import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ToCitizen } from '@yikouwen/shared/assist/wire';

import { letChatBeSeen, mayShowText } from '../src/fields';
import { apply, judge } from '../src/fill';
import { createLine } from '../src/line';
import { en } from '../src/locales/en';
import { zh } from '../src/locales/zh';
import { watch } from '../src/watchdog';
import { nameOf, words } from '../src/words';

class Socket {
  static made: Socket[] = [];
  static readonly OPEN = 1;
  readyState = 0;
  bufferedAmount = 0;
  sent: (string | Uint8Array)[] = [];
  onopen: () => void = vi.fn();
  onmessage: (event: { data: string }) => void = vi.fn();
  onclose: () => void = vi.fn();
  constructor(readonly url: string) {
    Socket.made.push(this);
  }
  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }
  close(): void {
    this.readyState = 3;
    this.onclose();
  }
  open(): void {
    this.readyState = 1;
    this.onopen();
  }
  say(frame: object): void {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  get texts(): { t: string; seq: number; epoch: number }[] {
    return this.sent.map((one) => JSON.parse(String(one)) as { t: string; seq: number; epoch: number });
  }
}
const last = (): Socket => {
  const socket = Socket.made.at(-1);
  if (!socket) throw new Error('no socket was made');
  return socket;
};
const welcome = (epoch: number, last_seq = 0) => ({ t: 'welcome', epoch, seq: 0, perm: {}, helper: {}, purpose: '', last_seq });

beforeEach(() => {
  Socket.made = [];
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
});
afterEach(() => {
  vi.useRealTimers();
  document.body.innerHTML = '';
});

function line() {
  const frames: ToCitizen[] = [];
  const onStale = vi.fn();
  const made = createLine({
    url: 'ws://a.example/',
    sid: 's',
    token: 't',
    page: () => ({ url: 'https://a.example/', title: '', viewport: { w: 1, h: 1 } }),
    onFrame: (frame) => frames.push(frame),
    onStale,
    onState: vi.fn(),
  });
  made.start();
  last().open();
  return { made, frames, onStale };
}

describe('a blocked part', () => {
  it('shows nothing of what stands in it, through shadow roots too, whatever that says of itself', () => {
    document.body.innerHTML = '<div data-assist="block"><p data-assist="show">一</p></div><yikouwen-chat data-mode="page"></yikouwen-chat>';
    const chat = document.querySelector('yikouwen-chat')?.attachShadow({ mode: 'open' });
    if (!chat) throw new Error('no chat');
    chat.innerHTML = '<article data-assist="show"><p>二</p></article>';
    const seen = (): boolean[] => [document.querySelector('p'), chat.querySelector('p')].map((one) => one !== null && mayShowText(one));
    expect(seen()).toEqual([false, false]);
    letChatBeSeen(true);
    expect(seen(), 'the page of the chat, when that is what is shared').toEqual([false, true]);
    letChatBeSeen(false);
  });
});

describe('the line', () => {
  it('counts from one after the welcome, and never the hello', () => {
    const { made } = line();
    expect(last().texts).toMatchObject([{ t: 'hello', seq: 0, epoch: 0 }]);
    last().say(welcome(3));
    made.send({ t: 'consent', scope: 'view' });
    made.send({ t: 'pause', on: true });
    expect(last().texts.slice(1)).toMatchObject([{ t: 'consent', seq: 1, epoch: 3 }, { t: 'pause', seq: 2, epoch: 3 }]);
  });

  it('sends again what is asked for, and what a new socket has missed', () => {
    const { made } = line();
    last().say(welcome(1));
    for (let at = 0; at < 3; at += 1) made.send({ t: 'pause', on: true });
    last().say({ t: 'need', seq: 1, from: 2 });
    expect(last().texts.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 2, 3]);
    last().close();
    made.send({ t: 'pause', on: false });
    vi.advanceTimersByTime(1_000);
    last().open();
    expect(last().texts).toMatchObject([{ t: 'hello', epoch: 1, last_seq: 1 }]);
    last().say(welcome(1, 2));
    expect(last().texts.map(({ seq }) => seq)).toEqual([0, 3, 4]);
  });

  it('asks for a picture when what is missing is no longer kept', () => {
    const { made, onStale } = line();
    last().say(welcome(1));
    for (let at = 0; at < 300; at += 1) made.send({ t: 'pause', on: true });
    last().say({ t: 'need', seq: 1, from: 1 });
    expect(onStale).toHaveBeenCalledOnce();
    expect(last().texts).toHaveLength(301);
  });

  it('takes a frame of the server once', () => {
    const { frames } = line();
    last().say(welcome(1));
    last().say({ t: 'snap.request', seq: 1, reason: '' });
    last().say({ t: 'snap.request', seq: 1, reason: '' });
    expect(frames.map(({ t }) => t)).toEqual(['welcome', 'snap.request']);
  });

  it('keeps no pointer for later', () => {
    const { made } = line();
    made.send({ t: 'ptr', node: 1, dx: 0, dy: 0 });
    last().say(welcome(1));
    expect(last().texts.map(({ t }) => t)).toEqual(['hello']);
  });
});

describe('a proposal', () => {
  const field = (html: string): HTMLInputElement => {
    document.body.innerHTML = html;
    const found = document.querySelector<HTMLInputElement>('input, select, textarea');
    if (!found) throw new Error('no field');
    return found;
  };
  const about = (value: string, name = 'n', label = '项') => ({ t: 'fill.propose' as const, id: '1', node: 1, value, purpose: '', expect: { name, label } });

  it.each([
    ['<label>项<input name="n" type="date"></label>', 'tomorrow'],
    ['<label>项<input name="n" type="number"></label>', '三十'],
    ['<label>项<input name="n" maxlength="2"></label>', '一二三'],
    ['<label>项<input name="n"></label>', 'a\nb'],
    ['<label>项<select name="n"><option>甲</option></select></label>', '乙'],
    ['<label>项<select name="n"><option disabled>乙</option></select></label>', '乙'],
  ])('that %s can’t take is refused', (html, value) => expect(judge(about(value), field(html))).toBe('denied'));

  it('of another field than was seen is stale', () => {
    expect(judge(about('x', 'other'), field('<label>项<input name="n"></label>'))).toBe('stale');
    expect(judge(about('x', 'n', '别的'), field('<label>项<input name="n"></label>'))).toBe('stale');
    expect(judge(about('x'), null)).toBe('stale');
  });

  it('is written as a person would, and taken back', () => {
    const input = field('<label>项<textarea name="n">前</textarea></label>');
    const heard: string[] = [];
    for (const kind of ['input', 'change']) input.addEventListener(kind, () => heard.push(kind));
    const undo = apply(input, '后');
    expect([input.value, heard]).toEqual(['后', ['input', 'change']]);
    undo();
    expect(input.value).toBe('前');
  });
});

describe('the watchdog', () => {
  const LATER = 5_000;
  let clock: number;
  let onSlow: () => void;
  beforeEach(() => {
    clock = 0;
    onSlow = vi.fn();
    vi.spyOn(performance, 'now').mockImplementation(() => clock);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('ends what holds the page for long a second time within a minute, and lets the work end first', () => {
    const dog = watch(onSlow);
    const work = (milliseconds: number): string => dog.spend(() => {
      clock += milliseconds;
      return 'done';
    });
    expect(work(900), 'the first picture').toBe('done');
    expect(dog.count()).toBe(0);
    clock = LATER;
    work(190);
    work(450);
    clock += 61_000;
    work(450);
    expect(dog.count()).toBe(2);
    vi.runAllTimers();
    expect(onSlow).not.toHaveBeenCalled();
    clock += 10_000;
    work(450);
    work(450);
    expect(onSlow).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(onSlow).toHaveBeenCalledOnce();
    dog.stop();
  });

  it('counts what the recorder takes at a change, wherever the page’s own work is', async () => {
    const dog = watch(onSlow);
    clock = LATER;
    dog.attend(document.body);
    let recorder = 0;
    const observer = new MutationObserver(() => {
      clock += recorder;
      dog.told();
    });
    observer.observe(document.body, { childList: true });
    const change = async (own: number, later: number): Promise<void> => {
      clock += own;
      document.body.append('一');
      void Promise.resolve().then(() => {
        clock += later;
      });
      await vi.advanceTimersByTimeAsync(1);
    };
    await change(900, 0);
    await change(0, 900);
    expect(dog.count()).toBe(0);
    recorder = 450;
    await change(0, 0);
    expect(dog.count()).toBe(1);
    observer.disconnect();
    dog.stop();
  });
});

describe('words', () => {
  it('have the same marks in both languages', () => {
    const marks = (text: string): string[] => (text.match(/\{\w+\}|\|/g) ?? []).sort();
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) expect(marks(en[key]), key).toEqual(marks(zh[key]));
  });
  it('name the helper by what is known', () => {
    const t = words('zh-CN');
    expect(nameOf(undefined, t)).toBe('工作人员');
    expect(nameOf({ no: '8', name: '小王' }, t)).toBe('工作人员小王（8 号）');
    expect(nameOf({ no: '小王', name: '小王' }, t)).toBe('工作人员小王');
    expect(words('en')('stop')).toBe('Stop sharing');
  });
});
