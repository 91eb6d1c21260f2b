import { Backoff } from '@yikouwen/shared/backoff';
import type { ClientFrame, Message, ServerFrame } from '@yikouwen/shared/wire';
import { vi } from 'vitest';

import { Connection, type Link } from '../src/connection';
import { Outbox } from '../src/outbox';
import { SessionKeeper } from '../src/session';
import { safeStorage, type Keep } from '../src/storage';

export class FakeSocket {
  static made: FakeSocket[] = [];
  /** What the network does with a socket: lets it through, or not. */
  static refuse = false;
  readyState = 0;
  sent: ClientFrame[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
    const { refuse } = FakeSocket;
    setTimeout(() => {
      this.readyState = refuse ? 3 : 1;
      if (refuse) this.onerror?.();
      else this.onopen?.();
    }, 1);
  }
  static get last(): FakeSocket {
    const socket = FakeSocket.made[FakeSocket.made.length - 1];
    if (!socket) throw new Error('no socket was made');
    return socket;
  }
  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }
  close(): void {
    this.readyState = 3;
  }
  say(...frames: ServerFrame[]): void {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }
  break(): void {
    this.readyState = 3;
    this.onclose?.();
  }
  /** What was sent, without the pings. */
  get frames(): ClientFrame[] {
    return this.sent.filter((frame) => frame.t !== 'ping');
  }
}

export function memoryKeep(): Keep {
  return safeStorage(() => {
    throw new Error('storage is blocked');
  });
}

export interface Request {
  method: string;
  url: URL;
  token: string | undefined;
  body: unknown;
}
export type Answer = { status?: number; body?: unknown; headers?: Record<string, string> } | 'hang' | 'fail';

export function fakeFetch(answer: (request: Request) => Answer): { fetch: typeof fetch; requests: Request[] } {
  const requests: Request[] = [];
  const fake = (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    const request: Request = {
      method: init.method ?? 'GET',
      url: new URL(input instanceof Request ? input.url : String(input)),
      token: headers.get('Authorization')?.replace('Bearer ', ''),
      body: typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined,
    };
    requests.push(request);
    const reply = answer(request);
    return new Promise((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      if (reply === 'fail') reject(new TypeError('network'));
      else if (reply !== 'hang') {
        resolve(new Response(JSON.stringify(reply.body ?? {}), { status: reply.status ?? 200, headers: reply.headers ?? {} }));
      }
    });
  };
  return { fetch: fake, requests };
}

export interface Rig {
  connection: Connection;
  outbox: Outbox;
  frames: ServerFrame[];
  links: Link[];
  requests: Request[];
  cursor: { conversation: string | null; after: number };
}

/** A connection with its surroundings faked; sessions are answered with token-1, token-2 and so on. */
export function rig(answer: (request: Request) => Answer = () => 'fail', keep: Keep = memoryKeep()): Rig {
  let sessions = 0;
  const { fetch, requests } = fakeFetch((request) => {
    if (!request.url.pathname.endsWith('/session')) return answer(request);
    sessions += 1;
    return { body: { token: `token-${sessions}`, visitor: 'v', expires_at: '2030-01-01T00:00:00Z' } };
  });
  const base = new URL('https://gov.example/channels/web/');
  const outbox = new Outbox(keep);
  const made: Omit<Rig, 'connection'> = { outbox, frames: [], links: [], requests, cursor: { conversation: null, after: 0 } };
  const connection = new Connection({
    base,
    session: new SessionKeeper(new URL('session', base).href, keep, fetch),
    outbox,
    locale: () => 'zh',
    page: 'https://gov.example/page',
    cursor: () => made.cursor,
    onFrame: (frame) => made.frames.push(frame),
    onLink: (link) => made.links.push(link),
    fetch,
    backoff: new Backoff({ random: () => 1 }),
  });
  return { ...made, connection };
}

export const welcome: ServerFrame = { t: 'welcome', conversation: 'a', stage: 'robot', last: 0 };

export function message(seq: number, more: Partial<Message> = {}): ServerFrame {
  return {
    t: 'message',
    conversation: 'a',
    message: { seq, id: `m${seq}`, author: 'robot', at: '2026-03-01T01:00:00Z', text: `第 ${seq} 条`, ...more },
  };
}

export async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}
