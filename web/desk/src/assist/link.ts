/** The helper's line to a shared page: numbered frames, a watch for gaps, a heartbeat, and reconnection. */
import { unpackBulk, type Bulk } from '@yikouwen/shared/assist/codec';
import type { FromHelper, ToHelper } from '@yikouwen/shared/assist/wire';
import { Backoff } from '@yikouwen/shared/backoff';
import { onWake } from '@yikouwen/shared/wake';

const PING_MS = 5_000;
const SILENCE_MS = 15_000;

export interface LinkOptions {
  url: string;
  sid: string;
  onFrame: (frame: ToHelper) => void;
  onBulk: (bulk: Bulk) => void;
  /** A frame is missing. */
  onGap: () => void;
  onState: (online: boolean) => void;
  /** Milliseconds to the server and back. */
  onRoundTrip: (milliseconds: number) => void;
}

export interface ShareLink {
  send: (frame: FromHelper) => boolean;
  close: () => void;
}

export function openShareLink(options: LinkOptions): ShareLink {
  const backoff = new Backoff({ first: 300, most: 5_000 });
  let socket: WebSocket | undefined;
  let closed = false;
  let welcomed = false;
  let epoch = 0;
  let seq = 0;
  let seen = 0;
  let last = 0;
  let pings = 0;
  let pinged = 0;
  let retry: number | undefined;

  const send = (frame: FromHelper): boolean => {
    if (socket?.readyState !== WebSocket.OPEN || !welcomed) return false;
    seq += 1;
    socket.send(JSON.stringify({ v: 1, sid: options.sid, epoch, seq, ack: seen, ts: Date.now(), ...frame }));
    return true;
  };
  /** Whether this frame is news; tells of a gap before it. */
  const count = (number: number): boolean => {
    if (number === 0) return true;
    if (number <= seen) return false;
    if (number > seen + 1) options.onGap();
    seen = number;
    return true;
  };
  const onText = (text: string): void => {
    let frame: ToHelper & { seq?: number; epoch?: number };
    try {
      frame = JSON.parse(text) as typeof frame;
    } catch {
      return;
    }
    if (frame.t === 'welcome') {
      welcomed = true;
      ({ epoch } = frame);
      seen = 0;
      seq = 0;
      backoff.reset();
      options.onState(true);
      options.onFrame(frame);
      return;
    }
    if (!count(frame.seq ?? 0)) return;
    if (typeof frame.epoch === 'number') ({ epoch } = frame);
    if (frame.t === 'pong') {
      if (frame.n === pings) options.onRoundTrip(performance.now() - pinged);
      return;
    }
    options.onFrame(frame);
  };
  const onBinary = (data: ArrayBuffer): void => {
    const bulk = unpackBulk(data);
    if (!bulk || !count(bulk.seq)) return;
    ({ epoch } = bulk);
    options.onBulk(bulk);
  };

  const connect = (): void => {
    clearTimeout(retry);
    if (closed || (socket && socket.readyState <= WebSocket.OPEN)) return;
    welcomed = false;
    const fresh = new WebSocket(options.url);
    fresh.binaryType = 'arraybuffer';
    socket = fresh;
    last = performance.now();
    fresh.onmessage = ({ data }: MessageEvent<unknown>) => {
      last = performance.now();
      if (typeof data === 'string') onText(data);
      else if (data instanceof ArrayBuffer) onBinary(data);
    };
    fresh.onclose = () => {
      if (socket !== fresh || closed) return;
      welcomed = false;
      options.onState(false);
      retry = window.setTimeout(connect, backoff.next());
    };
  };
  const beat = window.setInterval(() => {
    if (performance.now() - last > SILENCE_MS) socket?.close();
    pings += 1;
    pinged = performance.now();
    send({ t: 'ping', n: pings });
  }, PING_MS);
  const unwake = onWake(() => {
    backoff.reset();
    connect();
  });
  connect();

  return {
    send,
    close() {
      send({ t: 'leave' });
      closed = true;
      clearInterval(beat);
      clearTimeout(retry);
      unwake();
      socket?.close();
    },
  };
}
