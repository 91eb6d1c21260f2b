/** Small makers of wire values, so that a test names only what it is about. */
import type { Message, QueueItem, QueueView, Summary, Transcript } from '@yikouwen/shared/wire';

import type { Api } from '../src/api';
import type { Cupboard } from '../src/storage';

export function message(seq: number, more: Partial<Message> = {}): Message {
  return { seq, id: `m${seq}`, author: 'citizen', at: `2026-03-01T08:00:${String(seq).padStart(2, '0')}Z`, text: `${seq}`, ...more };
}

export function place(conversation: string, more: Partial<QueueItem> = {}): QueueItem {
  return {
    conversation,
    position: 1,
    queued_at: '2026-03-01T08:00:00Z',
    waiting_seconds: 0,
    reason: 'asked',
    channel: 'web',
    preview: 'preview',
    priority: 0,
    ...more,
  };
}

export function summary(conversation: string, more: Partial<Summary> = {}): Summary {
  return {
    conversation,
    stage: 'serving',
    channel: 'web',
    preview: 'preview',
    last_at: '2026-03-01T08:00:05Z',
    ...more,
  };
}

export function transcript(more: Partial<Transcript> = {}): Transcript {
  return {
    id: 'c',
    stage: 'queued',
    version: 10,
    channel: 'web',
    opened_at: '2026-03-01T08:00:00Z',
    messages: [],
    ...more,
  };
}

export function queueView(more: Partial<QueueView> = {}): QueueView {
  return { queue: [], mine: [], desk_open: true, online: 1, ...more };
}

/** An API of which only the given calls may be made. */
export function api(calls: Partial<Api>): Api {
  return new Proxy(calls as Api, {
    get(target, name): unknown {
      if (!(name in target)) throw new Error(`unexpected call of ${String(name)}`);
      return Reflect.get(target, name);
    },
  });
}

export function memory(): Cupboard {
  const kept = new Map<string, string>();
  return {
    read: (key) => (kept.has(key) ? (JSON.parse(kept.get(key) ?? '') as unknown) : undefined),
    write: (key, value) => void kept.set(key, JSON.stringify(value)),
    remove: (key) => void kept.delete(key),
  };
}

/** Lets everything settle that waits for a resolved promise. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
