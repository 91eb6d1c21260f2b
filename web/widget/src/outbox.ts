import type { DurableFrame } from '@yikouwen/shared/wire';

import { keys, type Keep } from './storage';

/** How long a frame may go unanswered before it is said again under the same id. */
const PATIENCE = 10_000;

interface Entry {
  frame: DurableFrame;
  /** When it was last put on the wire; 0 when the current connection has not carried it. */
  sentAt: number;
  notBefore: number;
}

/** What belongs to the thread must arrive in the order it was said; a rating or a stop must not wait behind it. */
function inOrder(frame: DurableFrame): boolean {
  return frame.t === 'say' || frame.t === 'choose' || frame.t === 'new';
}

/** Everything said and not yet acknowledged. Survives a reload of the page. */
export class Outbox {
  private entries: Entry[];

  constructor(private readonly keep: Keep) {
    this.entries = load(keep).map((frame) => ({ frame, sentAt: 0, notBefore: 0 }));
  }

  get frames(): DurableFrame[] {
    return this.entries.map((entry) => entry.frame);
  }

  add(frame: DurableFrame): void {
    this.entries.push({ frame, sentAt: 0, notBefore: 0 });
    this.save();
  }

  /** The server has it, or has refused it for good. */
  settle(id: string): void {
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => entry.frame.id !== id);
    if (this.entries.length !== before) this.save();
  }

  /** The server asked to be spared for a while. */
  hold(id: string, until: number): void {
    for (const entry of this.entries) {
      if (entry.frame.id !== id) continue;
      entry.sentAt = 0;
      entry.notBefore = until;
    }
  }

  /** A new connection knows nothing of what the last one carried. */
  forgetSent(): void {
    for (const entry of this.entries) entry.sentAt = 0;
  }

  sent(id: string, now: number): void {
    for (const entry of this.entries) if (entry.frame.id === id) entry.sentAt = now;
  }

  /** What may go out now, and when to look again. */
  due(now: number): { frames: DurableFrame[]; next: number | undefined } {
    const frames: DurableFrame[] = [];
    let next: number | undefined;
    let orderedSeen = false;
    for (const { frame, sentAt, notBefore } of this.entries) {
      if (inOrder(frame)) {
        if (orderedSeen) continue;
        orderedSeen = true;
      }
      const at = Math.max(notBefore, sentAt === 0 ? 0 : sentAt + PATIENCE);
      if (at <= now) frames.push(frame);
      const again = at <= now ? now + PATIENCE : at;
      next = next === undefined ? again : Math.min(next, again);
    }
    return { frames, next };
  }

  private save(): void {
    if (this.entries.length === 0) this.keep.remove(keys.outbox);
    else this.keep.set(keys.outbox, JSON.stringify(this.frames));
  }
}

function load(keep: Keep): DurableFrame[] {
  try {
    const stored: unknown = JSON.parse(keep.get(keys.outbox) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isFrame) : [];
  } catch {
    return [];
  }
}

function isFrame(value: unknown): value is DurableFrame {
  return typeof value === 'object' && value !== null && 't' in value && 'id' in value && typeof value.id === 'string';
}
