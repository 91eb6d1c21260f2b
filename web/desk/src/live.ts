/** The desk's live connection: opens, beats, reconnects with growing pauses, and says which of these it is doing. */
import { Backoff } from '@yikouwen/shared/backoff';
import { openSocket, type LiveSocket } from '@yikouwen/shared/socket';
import { onWake } from '@yikouwen/shared/wake';
import type { DeskClientFrame, DeskFrame } from '@yikouwen/shared/wire';

import { withoutNulls } from './nulls';

export type Link = 'connecting' | 'open' | 'down';

export interface LiveOptions {
  url?: string;
  onFrame: (frame: DeskFrame) => void;
  onLink: (link: Link) => void;
  backoff?: Backoff;
}

export interface Live {
  start: () => void;
  stop: () => void;
  /** Tries at once instead of waiting for the pause to end. */
  retry: () => void;
}

/** Beside presence, which the server takes from the pings: three may be lost before it counts a helper as gone. */
const PING_EVERY = 15_000;
const SILENCE = 25_000;
/** A connection must last this long before the next failure starts with short pauses again. */
const STEADY = 10_000;

function liveUrl(): string {
  const url = new URL('/api/v1/desk/live', window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

export function createLive(options: LiveOptions): Live {
  const backoff = options.backoff ?? new Backoff();
  let socket: LiveSocket<DeskClientFrame> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unwatch: (() => void) | undefined;
  let running = false;
  let openedAt: number | undefined;

  const connect = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!running || socket) return;
    openedAt = undefined;
    // A socket of the past must not speak for the present one: its callbacks compare themselves first.
    const own: LiveSocket<DeskClientFrame> = openSocket<DeskFrame, DeskClientFrame>({
      url: options.url ?? liveUrl(),
      ping: { t: 'ping' },
      pingEvery: PING_EVERY,
      silence: SILENCE,
      onOpen: () => {
        openedAt = Date.now();
        options.onLink('open');
      },
      onFrame: (frame) => {
        if (socket !== own || frame.t === 'pong') return;
        if (frame.t === 'goodbye') own.close();
        else options.onFrame(withoutNulls(frame) as DeskFrame);
      },
      onClose: () => {
        if (socket !== own) return;
        socket = undefined;
        if (!running) return;
        if (openedAt !== undefined && Date.now() - openedAt >= STEADY) backoff.reset();
        options.onLink('down');
        timer = setTimeout(connect, backoff.next());
      },
    });
    socket = own;
  };

  const retry = (): void => {
    if (!running) return;
    if (socket) socket.probe();
    else connect();
  };

  return {
    start() {
      if (running) return;
      running = true;
      options.onLink('connecting');
      unwatch = onWake(retry);
      connect();
    },
    stop() {
      running = false;
      unwatch?.();
      clearTimeout(timer);
      const last = socket;
      socket = undefined;
      last?.close();
    },
    retry,
  };
}
