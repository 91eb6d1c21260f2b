import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { openSocket, type LiveSocket } from '../src/socket';

class FakeSocket {
  static made: FakeSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }
  send(data: string): void {
    this.sent.push(data);
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
}

const frames: unknown[] = [];
const onClose = vi.fn();

function start(): { live: LiveSocket<object>; socket: FakeSocket } {
  const live = openSocket({
    url: 'ws://a.example/socket',
    ping: { t: 'ping' },
    pingEvery: 20_000,
    silence: 45_000,
    onOpen: () => undefined,
    onFrame: (frame) => frames.push(frame),
    onClose,
  });
  return { live, socket: FakeSocket.made[FakeSocket.made.length - 1] as FakeSocket };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  frames.length = 0;
  onClose.mockReset();
});
afterEach(() => {
  vi.useRealTimers();
});

it('pings, and stays while it is answered', () => {
  const { socket } = start();
  socket.open();
  for (let second = 0; second < 120; second += 20) {
    vi.advanceTimersByTime(20_000);
    socket.onmessage?.({ data: '{"t":"pong"}' });
  }
  expect(socket.sent.length).toBeGreaterThanOrEqual(5);
  expect(onClose).not.toHaveBeenCalled();
});

it('gives up on a line that has gone silent', () => {
  const { socket } = start();
  socket.open();
  vi.advanceTimersByTime(44_000);
  expect(onClose).not.toHaveBeenCalled();
  vi.advanceTimersByTime(6_000);
  expect(onClose).toHaveBeenCalledOnce();
});

it('gives up soon after a probe that nobody answers', () => {
  const { live, socket } = start();
  socket.open();
  vi.advanceTimersByTime(1_000);
  live.probe();
  vi.advanceTimersByTime(10_000);
  expect(onClose).toHaveBeenCalledOnce();
});

it('gives up on a socket that never opens', () => {
  start();
  vi.advanceTimersByTime(15_000);
  expect(onClose).toHaveBeenCalledOnce();
});

it('passes over what is no JSON, and refuses to send while closed', () => {
  const { live, socket } = start();
  expect(live.send({ t: 'x' })).toBe(false);
  socket.open();
  socket.onmessage?.({ data: '{broken' });
  socket.onmessage?.({ data: new ArrayBuffer(1) });
  socket.onmessage?.({ data: '{"t":"pong"}' });
  expect(frames).toEqual([{ t: 'pong' }]);
  expect(live.send({ t: 'x' })).toBe(true);
  live.close();
  expect(live.send({ t: 'x' })).toBe(false);
});

it('reports a forbidden address like any other failure', async () => {
  vi.stubGlobal(
    'WebSocket',
    vi.fn(function refuse() {
      throw new DOMException('refused', 'SecurityError');
    }),
  );
  openSocket({ url: 'ws://a.example', ping: {}, pingEvery: 1, silence: 1, onOpen: vi.fn(), onFrame: vi.fn(), onClose });
  expect(onClose).not.toHaveBeenCalled();
  await Promise.resolve();
  expect(onClose).toHaveBeenCalledOnce();
});
