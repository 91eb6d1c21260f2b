/**
 * Replies on their way. Each keeps its id until the server has it, so that sending again is harmless; replies of one
 * conversation leave one after the other, so that a retry cannot swap two sentences; a reload does not lose them.
 */
import { Backoff } from '@yikouwen/shared/backoff';
import { freshId } from '@yikouwen/shared/ids';
import type { Instant, Message } from '@yikouwen/shared/wire';
import { reactive } from 'vue';

import { ApiError } from './api';
import type { Cupboard } from './storage';

export interface Outgoing {
  id: string;
  conversation: string;
  text: string;
  at: Instant;
  state: 'sending' | 'retrying' | 'failed';
  /** Why it failed for good. */
  error?: unknown;
}

export interface OutboxOptions {
  say: (conversation: string, message: { id: string; text: string }) => Promise<Message>;
  onSent: (conversation: string, message: Message) => void;
  /** A reply was refused for good; the conversation may have changed hands. */
  onRefused?: (conversation: string, error: unknown) => void;
  storage: Cupboard;
  key: string;
}

interface Lane {
  busy: boolean;
  backoff: Backoff;
  timer?: ReturnType<typeof setTimeout> | undefined;
}

function isOutgoing(value: unknown): value is Outgoing {
  const item = value as Partial<Outgoing> | null;
  return (
    typeof item === 'object' &&
    item !== null &&
    [item.id, item.conversation, item.text, item.at].every((field) => typeof field === 'string')
  );
}

export type Outbox = ReturnType<typeof createOutbox>;

export function createOutbox(options: OutboxOptions) {
  const kept = options.storage.read(options.key);
  const items = reactive<Outgoing[]>(
    (Array.isArray(kept) ? kept.filter(isOutgoing) : []).map((item) => ({
      ...item,
      state: item.state === 'failed' ? 'failed' : 'retrying',
    })),
  );
  const lanes = new Map<string, Lane>();
  let disposed = false;

  const keep = (): void => {
    if (items.length === 0) options.storage.remove(options.key);
    else options.storage.write(options.key, items.map(({ id, conversation, text, at, state }) => ({ id, conversation, text, at, state })));
  };
  const take = (id: string): Outgoing | undefined => {
    const at = items.findIndex((item) => item.id === id);
    const [item] = at < 0 ? [] : items.splice(at, 1);
    keep();
    return item;
  };
  const laneOf = (conversation: string): Lane => {
    let lane = lanes.get(conversation);
    if (!lane) lanes.set(conversation, (lane = { busy: false, backoff: new Backoff({ first: 1000 }) }));
    return lane;
  };

  async function pump(conversation: string): Promise<void> {
    const lane = laneOf(conversation);
    if (lane.busy || disposed) return;
    lane.busy = true;
    clearTimeout(lane.timer);
    lane.timer = undefined;
    try {
      for (;;) {
        const head = items.find((item) => item.conversation === conversation && item.state !== 'failed');
        if (!head) return;
        try {
          const message = await options.say(conversation, { id: head.id, text: head.text });
          lane.backoff.reset();
          options.onSent(conversation, message);
          take(head.id);
        } catch (error) {
          if (error instanceof ApiError && error.passing) {
            head.state = 'retrying';
            keep();
            lane.timer = setTimeout(() => void pump(conversation), pauseFor(lane, error));
            return;
          }
          head.state = 'failed';
          head.error = error;
          keep();
          options.onRefused?.(conversation, error);
        }
        // Signed out while it was under way: what remains waits for the next sign-in.
        if (isDisposed()) return;
      }
    } finally {
      lane.busy = false;
    }
  }
  const isDisposed = (): boolean => disposed;
  const pauseFor = (lane: Lane, error: ApiError): number =>
    Math.max(lane.backoff.next(), (error.retryAfter ?? 0) * 1000);

  return {
    items,
    add(conversation: string, text: string): void {
      items.push({ id: freshId(), conversation, text, at: new Date().toISOString(), state: 'sending' });
      keep();
      void pump(conversation);
    },
    retry(id: string): void {
      const item = items.find((other) => other.id === id);
      if (!item) return;
      item.state = 'sending';
      delete item.error;
      keep();
      void pump(item.conversation);
    },
    /** Gives a reply back that shall not be sent. */
    take,
    /** The reply came back over the live connection before its own request ended. */
    settle(id: string): void {
      if (items.some((item) => item.id === id)) take(id);
    },
    /** The connection is back: what waits for its next attempt goes now. */
    nudge(): void {
      for (const conversation of new Set(items.map((item) => item.conversation))) void pump(conversation);
    },
    dispose(): void {
      disposed = true;
      for (const lane of lanes.values()) clearTimeout(lane.timer);
    },
  };
}
