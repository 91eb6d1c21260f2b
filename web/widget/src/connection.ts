import { Backoff } from '@yikouwen/shared/backoff';
import { onWake } from '@yikouwen/shared/wake';
import type { DurableFrame, ErrorCode, ErrorFrame, HelloFrame, Locale, ServerFrame } from '@yikouwen/shared/wire';

import { carryBySocket, type Carrier } from './carrier';
import type { Outbox } from './outbox';
import { carryByPolling } from './polling';
import type { SessionKeeper } from './session';

export type Link = 'connecting' | 'up' | 'down';

export interface ConnectionOptions {
  /** Where the channel lives, with a trailing slash. */
  base: URL;
  session: SessionKeeper;
  outbox: Outbox;
  locale: () => Locale;
  page: string | undefined;
  /** Where the thread stands: the conversation and the highest seq without a gap before it. */
  cursor: () => { conversation: string | null; after: number };
  onFrame: (frame: ServerFrame) => void;
  onLink: (link: Link) => void;
  fetch: typeof fetch;
  backoff?: Backoff;
}

/** After this many sockets that never got through, long polling carries the frames. */
const SOCKET_TRIES = 2;
/** How long polling serves before a socket is tried again. */
const POLLING_TERM = 300_000;

const transient: ReadonlySet<ErrorCode> = new Set(['busy', 'rate_limited', 'unavailable', 'unauthorized']);

export function isTransient(code: ErrorCode): boolean {
  return transient.has(code);
}

/** Keeps one line to the server open, by whatever means the network lets through, until it is stopped. */
export class Connection {
  private stopped = false;
  private socketFailures = 0;
  private carrier: Carrier | undefined;
  private welcomed = false;
  private wakeUp: (() => void) | undefined;
  private pumpTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly endWake: () => void;
  private readonly backoff: Backoff;

  constructor(private readonly options: ConnectionOptions) {
    this.backoff = options.backoff ?? new Backoff();
    this.endWake = onWake(() => {
      this.wakeUp?.();
      this.carrier?.probe();
    });
  }

  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    this.endWake();
    clearTimeout(this.pumpTimer);
    this.carrier?.close();
    this.wakeUp?.();
  }

  /** Says something that must arrive: now, or when the line is back, or after a reload. */
  push(frame: DurableFrame): void {
    this.options.outbox.add(frame);
    this.pump();
  }

  typing(): void {
    if (this.welcomed) this.carrier?.send({ t: 'typing' });
  }

  /** Starts over from the cursor: a message was missed, or the language changed. */
  resync(): void {
    this.carrier?.close();
    this.wakeUp?.();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.welcomed = false;
      let wasUp = false;
      try {
        const token = await this.options.session.token();
        if (this.isStopped()) return;
        const polling = this.socketFailures >= SOCKET_TRIES;
        wasUp = await this.carry(token, polling);
        // Also after a good term of polling the socket gets one more chance; one failure brings polling back.
        if (polling) this.socketFailures = SOCKET_TRIES - 1;
        else if (wasUp) this.socketFailures = 0;
        else if (navigator.onLine) this.socketFailures += 1;
      } catch {
        // No session: the server is out of reach, and the pause below is all there is to do.
      }
      if (this.isStopped()) return;
      this.options.onLink('down');
      if (wasUp) this.backoff.reset();
      await this.pause(this.backoff.next());
    }
  }

  // The loop's flag changes while it awaits; reading it through a call keeps the type checker from folding it.
  private isStopped(): boolean {
    return this.stopped;
  }

  /** Runs one carrier until it ends; tells whether it ever got through. */
  private carry(token: string, polling: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const hooks = {
        base: this.options.base,
        token,
        fetch: this.options.fetch,
        cursor: this.options.cursor,
        hello: (fresh: string): HelloFrame => this.hello(fresh),
        renew: () => this.options.session.renew(),
        onFrame: (frame: ServerFrame) => this.receive(frame),
        onUp: () => this.up(),
        onEnd: () => {
          this.carrier = undefined;
          const wasUp = this.welcomed;
          this.welcomed = false;
          resolve(wasUp);
        },
      };
      this.carrier = polling ? carryByPolling({ ...hooks, until: Date.now() + POLLING_TERM }) : carryBySocket(hooks);
    });
  }

  private hello(token: string): HelloFrame {
    const { conversation, after } = this.options.cursor();
    const { locale, page } = this.options;
    return {
      t: 'hello',
      token,
      locale: locale(),
      ...(conversation === null ? {} : { conversation }),
      after,
      ...(page === undefined ? {} : { page }),
    };
  }

  private receive(frame: ServerFrame): void {
    const { outbox } = this.options;
    switch (frame.t) {
      case 'welcome':
        this.up();
        break;
      case 'accepted':
        outbox.settle(frame.id);
        break;
      case 'message':
        // The message itself is as good a receipt as any.
        if (frame.message.client_id !== undefined) outbox.settle(frame.message.client_id);
        break;
      case 'error':
        this.refused(frame);
        break;
      default:
        break;
    }
    this.options.onFrame(frame);
    if (this.welcomed) this.pump();
  }

  private up(): void {
    this.welcomed = true;
    this.backoff.reset();
    this.options.outbox.forgetSent();
    this.options.onLink('up');
    this.pump();
  }

  private refused({ id, code, retry_after }: ErrorFrame): void {
    if (id === undefined) return;
    if (isTransient(code)) this.options.outbox.hold(id, Date.now() + Math.max(1, retry_after ?? 2) * 1000);
    else this.options.outbox.settle(id);
  }

  /** Puts on the wire what is due, and comes back when the next thing will be. */
  private pump(): void {
    clearTimeout(this.pumpTimer);
    const { carrier } = this;
    if (!carrier || !this.welcomed) return;
    const { outbox } = this.options;
    const { frames, next } = outbox.due(Date.now());
    for (const frame of frames) if (carrier.send(frame)) outbox.sent(frame.id, Date.now());
    if (next !== undefined) this.pumpTimer = setTimeout(() => this.pump(), Math.max(100, next - Date.now()));
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wakeUp = undefined;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.wakeUp = done;
    });
  }
}
