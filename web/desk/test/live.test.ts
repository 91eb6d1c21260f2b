import { Backoff } from '@yikouwen/shared/backoff';
import type { DeskFrame } from '@yikouwen/shared/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createLive, type Link, type Live } from '../src/live';
import { queueView } from './make';

class FakeSocket {
  static all: FakeSocket[] = [];
  static get last(): FakeSocket {
    const last = FakeSocket.all.at(-1);
    if (!last) throw new Error('no socket was opened');
    return last;
  }
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readyState = 0;
  sent: string[] = [];
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  drop(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

const frames: DeskFrame[] = [];
const links: Link[] = [];
let live: Live;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  FakeSocket.all = [];
  frames.length = 0;
  links.length = 0;
  live = createLive({
    onFrame: (frame) => frames.push(frame),
    onLink: (link) => links.push(link),
    backoff: new Backoff({ random: () => 1 }),
  });
  live.start();
});
afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

describe('the live connection', () => {
  it('hands on frames, without nulls, and keeps pongs to itself', () => {
    expect(FakeSocket.last.url).toMatch(/^ws:.*\/api\/v1\/desk\/live$/);
    FakeSocket.last.open();
    FakeSocket.last.say({ t: 'pong' });
    FakeSocket.last.say({ t: 'conversation', conversation: 'c', stage: 'queued', version: 3, owner: null });
    FakeSocket.last.say({ t: 'queue', ...queueView() });
    expect(frames).toEqual([
      { t: 'conversation', conversation: 'c', stage: 'queued', version: 3 },
      { t: 'queue', ...queueView() },
    ]);
    expect(links).toEqual(['connecting', 'open']);
  });

  it('pings every fifteen seconds', () => {
    FakeSocket.last.open();
    vi.advanceTimersByTime(15_000);
    expect(FakeSocket.last.sent).toEqual(['{"t":"ping"}']);
  });

  it('reconnects with growing pauses while the server is away', () => {
    FakeSocket.last.open();
    FakeSocket.last.drop();
    expect(links.at(-1)).toBe('down');
    const pauses = [500, 1000, 2000, 4000, 8000, 15_000, 15_000];
    for (const [index, pause] of pauses.entries()) {
      vi.advanceTimersByTime(pause - 1);
      expect(FakeSocket.all).toHaveLength(index + 1);
      vi.advanceTimersByTime(1);
      expect(FakeSocket.all).toHaveLength(index + 2);
      FakeSocket.last.drop();
    }
  });

  it('starts with short pauses again only after a connection that held', () => {
    FakeSocket.last.drop();
    vi.advanceTimersByTime(500);
    FakeSocket.last.open();
    FakeSocket.last.drop();
    vi.advanceTimersByTime(999);
    expect(FakeSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(1);
    FakeSocket.last.open();
    vi.advanceTimersByTime(12_000);
    FakeSocket.last.drop();
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(4);
  });

  it('tries at once when the network returns', () => {
    FakeSocket.last.drop();
    window.dispatchEvent(new Event('online'));
    expect(FakeSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(60_000);
  });

  it('gives up a connection that has gone silent', () => {
    FakeSocket.last.open();
    vi.advanceTimersByTime(40_000);
    expect(links).toContain('down');
  });

  it('takes a goodbye as the end of this connection, not of the desk', () => {
    FakeSocket.last.open();
    FakeSocket.last.say({ t: 'goodbye' });
    expect(links.at(-1)).toBe('down');
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('is quiet once stopped', () => {
    const socket = FakeSocket.last;
    socket.open();
    live.stop();
    socket.say({ t: 'queue', ...queueView() });
    vi.advanceTimersByTime(60_000);
    window.dispatchEvent(new Event('online'));
    expect(FakeSocket.all).toHaveLength(1);
    expect(frames).toEqual([]);
    expect(links).toEqual(['connecting', 'open']);
  });
});
