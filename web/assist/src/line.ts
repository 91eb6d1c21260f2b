/**
 * The page's line to the server: numbers every frame, keeps the last ones to send them again, and gives up single
 * changes for a whole picture when the line is too slow. A change alone is never lost: either all of them arrive in
 * their order, or a picture that holds them.
 */
import { Backoff } from '@yikouwen/shared/backoff';
import { deflate, INC, packBulk, SNAP, type BulkKind } from '@yikouwen/shared/assist/codec';
import type { FromCitizen, ToCitizen } from '@yikouwen/shared/assist/wire';

import { RECORDER_VERSION } from './recorder';

const RING = 256;
const BATCH_MS = 50;
const BATCH_BYTES = 32 * 1024;
/** Bytes that wait in the browser; above, changes stop. */
const SLOW = 256 * 1024;
const DRAINED = 16 * 1024;
/** The server refuses larger frames. */
const MOST = 1024 * 1024;

export interface LineOptions {
  url: string;
  sid: string;
  token: string;
  page: () => { url: string; title: string; viewport: { w: number; h: number } };
  onFrame: (frame: ToCitizen) => void;
  /** The other side needs a whole picture. */
  onStale: () => void;
  onState: (online: boolean) => void;
}

export interface Line {
  start: () => void;
  send: (frame: FromCitizen) => void;
  /** After everything recorded before it. */
  sendAfterBatch: (frame: () => FromCitizen) => void;
  /** Does something once what waited has left. */
  afterBatch: (action: () => void) => void;
  increment: (event: object) => void;
  snapshot: (events: object[]) => void;
  /** Forgets what has not been sent. */
  dropBatch: () => void;
  epoch: () => number;
  /** The number of the last frame. */
  seq: () => number;
  bytes: () => number;
  wake: () => void;
  close: () => void;
}

interface Sent {
  seq: number;
  data: string | Uint8Array<ArrayBuffer>;
}

export function createLine(options: LineOptions): Line {
  let socket: WebSocket | undefined;
  let epoch = 0;
  let seq = 0;
  let seen = 0;
  let ring: Sent[] = [];
  let welcomed = false;
  let closed = false;
  let stale = false;
  let bytes = 0;
  let batch: string[] = [];
  let batchBytes = 0;
  let batchTimer: number | undefined;
  let retryTimer: number | undefined;
  let drainTimer: number | undefined;
  /** Compression takes its time; frames still leave in the order they were cut. */
  let tail: Promise<void> = Promise.resolve();
  const backoff = new Backoff({ first: 300, most: 8_000 });

  const envelope = (number: number) => ({ v: 1, sid: options.sid, epoch, seq: number, ack: seen, ts: Date.now() });
  const put = (data: Sent['data']): void => {
    if (socket?.readyState !== WebSocket.OPEN || !welcomed) return;
    socket.send(data);
    bytes += typeof data === 'string' ? data.length : data.length;
  };
  const keep = (make: (number: number) => Sent['data']): void => {
    seq += 1;
    const data = make(seq);
    ring.push({ seq, data });
    if (ring.length > RING) ring.shift();
    put(data);
  };
  const send = (frame: FromCitizen): void => {
    // Where the pointer was is of no use a second later.
    if ((frame.t === 'ptr' || frame.t === 'scroll') && (socket?.readyState !== WebSocket.OPEN || !welcomed)) return;
    keep((number) => JSON.stringify({ ...envelope(number), ...frame }));
  };

  const bulk = (kind: BulkKind, text: string): void => {
    const cut = epoch;
    tail = tail.then(async () => {
      const body = await deflate(text);
      if (closed || cut !== epoch) return;
      if (body.length > MOST) {
        if (kind === INC) goStale();
        else options.onFrame({ t: 'end', reason: 'too_large' });
        return;
      }
      keep((number) => packBulk({ kind, epoch, seq: number, body }));
    });
  };
  const flush = (): void => {
    clearTimeout(batchTimer);
    batchTimer = undefined;
    if (batch.length === 0) return;
    const text = `[${batch.join(',')}]`;
    dropBatch();
    bulk(INC, text);
  };
  const dropBatch = (): void => {
    batch = [];
    batchBytes = 0;
    clearTimeout(batchTimer);
    batchTimer = undefined;
  };
  const goStale = (): void => {
    stale = true;
    dropBatch();
    if (drainTimer !== undefined) return;
    drainTimer = window.setInterval(() => {
      if (!welcomed || (socket?.bufferedAmount ?? 0) > DRAINED) return;
      clearInterval(drainTimer);
      drainTimer = undefined;
      options.onStale();
    }, 100);
  };

  /** What the server has not had of this epoch, or a picture when that is no longer known. */
  const resend = (from: number): void => {
    const first = ring[0]?.seq ?? seq + 1;
    if (from > seq) return;
    if (from < first) {
      options.onStale();
      return;
    }
    for (const { seq: number, data } of ring) if (number >= from) put(data);
  };

  const onText = (text: string): void => {
    let frame: ToCitizen & { seq?: number; epoch?: number };
    try {
      frame = JSON.parse(text) as typeof frame;
    } catch {
      return;
    }
    if (frame.t === 'welcome') {
      const known = frame.epoch === epoch;
      epoch = frame.epoch;
      welcomed = true;
      backoff.reset();
      if (!known) {
        seq = 0;
        seen = 0;
        ring = [];
      }
      options.onState(true);
      options.onFrame(frame);
      if (known) resend((frame.last_seq ?? 0) + 1);
      return;
    }
    if (typeof frame.seq === 'number' && frame.seq > 0) {
      // Sent again after a reconnection: done already.
      if (frame.seq <= seen) return;
      seen = frame.seq;
    }
    if (frame.t === 'need') resend(frame.from);
    else options.onFrame(frame);
  };

  const connect = (): void => {
    clearTimeout(retryTimer);
    if (closed || (socket && socket.readyState <= WebSocket.OPEN)) return;
    welcomed = false;
    const fresh = new WebSocket(options.url);
    fresh.binaryType = 'arraybuffer';
    socket = fresh;
    fresh.onopen = () => {
      const hello = {
        t: 'hello',
        token: options.token,
        rec_ver: RECORDER_VERSION,
        ...options.page(),
        ...(epoch === 0 ? {} : { last_seq: seen }),
      };
      fresh.send(JSON.stringify({ ...envelope(0), ...hello }));
    };
    fresh.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'string') onText(data);
    };
    fresh.onclose = () => {
      if (socket !== fresh) return;
      welcomed = false;
      if (closed) return;
      options.onState(false);
      retryTimer = window.setTimeout(connect, backoff.next());
    };
  };

  return {
    start: connect,
    send,
    sendAfterBatch(frame) {
      flush();
      const cut = frame();
      tail = tail.then(() => {
        if (!closed && !stale) send(cut);
      });
    },
    afterBatch(action) {
      flush();
      tail = tail.then(action);
    },
    increment(event) {
      if (stale) return;
      if ((socket?.bufferedAmount ?? 0) > SLOW) {
        goStale();
        return;
      }
      const text = JSON.stringify(event);
      batch.push(text);
      batchBytes += text.length;
      if (batchBytes >= BATCH_BYTES) flush();
      else batchTimer ??= window.setTimeout(flush, BATCH_MS);
    },
    snapshot(events) {
      // The picture holds what waited to be sent.
      dropBatch();
      stale = false;
      bulk(SNAP, JSON.stringify(events));
    },
    dropBatch,
    epoch: () => epoch,
    seq: () => seq,
    bytes: () => bytes,
    wake() {
      backoff.reset();
      connect();
    },
    close() {
      // What was said last still has to leave.
      void tail.then(() => {
        closed = true;
        clearTimeout(retryTimer);
        clearInterval(drainTimer);
        dropBatch();
        socket?.close();
      });
    },
  };
}
