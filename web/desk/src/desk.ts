/**
 * The desk: queue, own conversations, the open one and the replies on their way, fed by the live connection. One
 * object for the one page there is, made when somebody signs in and disposed of when they sign out; provided to the
 * components through `useDesk`, which is all that a store library would add here.
 */
import type { DeskFrame, Enterprise, Message, QueueView, Revealed, Summary, Transcript } from '@yikouwen/shared/wire';
import { inject, reactive, type InjectionKey } from 'vue';

import type { Alerts } from './alerts';
import type { Api } from './api';
import { createDrafts } from './drafts';
import { createFilesOut } from './filesout';
import { createLive, type Link, type Live, type LiveOptions } from './live';
import { createOutbox } from './outbox';
import { arrivals, isEnded, isUrgent, mayReply, sortQueue, type Waiting } from './reduce';
import { draftsKey, outboxKey } from './session';
import { tabStorage } from './storage';
import { createTalk } from './talk';

export interface DeskState {
  queue: Waiting[];
  /** When the queue arrived, on this page's own clock in milliseconds. */
  queueAt: number;
  mine: Summary[];
  open: boolean;
  online: number;
  /** False until the first queue arrived. */
  known: boolean;
  link: Link;
  unread: Record<string, number>;
  /** Until when somebody counts as typing, on the same clock. */
  typing: Record<string, number>;
  /** Counts the wishes to write; the composer takes the focus at each. */
  focusAsked: number;
}

export interface DeskOptions {
  api: Api;
  name: string;
  alerts: Pick<Alerts, 'play'>;
  makeLive?: (options: LiveOptions) => Live;
  clock?: () => number;
}

export type Desk = ReturnType<typeof createDesk>;
export const deskKey: InjectionKey<Desk> = Symbol('desk');

export function useDesk(): Desk {
  const desk = inject(deskKey);
  if (!desk) throw new Error('no desk is provided here');
  return desk;
}

/** An indicator that nobody renews goes out by itself; a lost "stopped typing" cannot leave it on. */
const TYPING_LASTS = 5_000;

export function createDesk({ api, name, alerts, makeLive = createLive, clock = () => performance.now() }: DeskOptions) {
  const state = reactive<DeskState>({
    queue: [],
    queueAt: 0,
    mine: [],
    open: true,
    online: 0,
    known: false,
    link: 'connecting',
    unread: {},
    typing: {},
    focusAsked: 0,
  });
  const talk = createTalk(api, () => name);
  const drafts = createDrafts(tabStorage, draftsKey(name));
  const outbox = createOutbox({
    say: (conversation, message) => api.say(conversation, message),
    onSent: (conversation, message) => talk.message(conversation, message),
    onRefused: (conversation) => {
      if (conversation === talk.state.id) void talk.load();
    },
    storage: tabStorage,
    key: outboxKey(name),
  });

  const files = createFilesOut({
    send: (conversation, file) => api.sendFile(conversation, file),
    onSent: (conversation, message) => talk.message(conversation, message),
  });

  let queues = 0;
  /** Up to when each of one's own conversations counts as read, and the last message seen of any. */
  const readUntil = new Map<string, number>();
  const lastSeq = new Map<string, number>();

  const setQueue = (view: QueueView): void => {
    queues += 1;
    const queue = sortQueue(view.queue);
    const fresh = state.known ? arrivals(state.queue, queue) : queue.filter(isUrgent);
    state.queue = queue;
    state.queueAt = clock();
    state.mine = view.mine;
    for (const { conversation, last_at } of view.mine) {
      if (!readUntil.has(conversation)) readUntil.set(conversation, Date.parse(last_at));
    }
    // Should it come back one day, everything until then was somebody else's to read.
    for (const conversation of readUntil.keys()) {
      if (view.mine.some((summary) => summary.conversation === conversation)) continue;
      readUntil.delete(conversation);
      state.unread[conversation] = 0;
    }
    state.open = view.desk_open;
    state.online = view.online;
    state.known = true;
    if (fresh.length > 0) alerts.play(fresh.some(isUrgent) ? 'emergency' : 'arrival');
  };

  const setMessage = (conversation: string, message: Message): void => {
    talk.message(conversation, message);
    outbox.settle(message.client_id ?? message.id);
    files.drop(message.id);
    const { news, looking } = look(conversation, message);
    if (message.author !== 'citizen') return;
    state.typing[conversation] = 0;
    if (!news || looking) return;
    state.unread[conversation] = unreadOf(conversation) + 1;
    alerts.play('message');
  };

  /**
   * Whether a message is new to this helper. The live connection repeats a whole conversation when it first has news
   * of it, so a message counts once, and only when it is later than what was read or known before.
   */
  const look = (conversation: string, message: Message): { news: boolean; looking: boolean } => {
    const until = readUntil.get(conversation);
    const looking = conversation === talk.state.id && document.visibilityState === 'visible';
    const repeated = message.seq <= (lastSeq.get(conversation) ?? 0);
    lastSeq.set(conversation, Math.max(lastSeq.get(conversation) ?? 0, message.seq));
    // Without a mark it is not one's own.
    const news = !repeated && until !== undefined && Date.parse(message.at) > until;
    if (news && (looking || message.author === 'helper')) readUntil.set(conversation, Date.parse(message.at));
    return { news, looking };
  };

  const onFrame = (frame: DeskFrame): void => {
    switch (frame.t) {
      case 'queue':
        setQueue(frame);
        return;
      case 'message':
        setMessage(frame.conversation, frame.message);
        return;
      case 'conversation':
        // Not one of the stages a conversation can be in, but what it is to this helper from now on.
        if ((frame.stage as string) === 'gone') {
          talk.lost(frame.conversation);
          return;
        }
        talk.change(frame.conversation, frame);
        // A rating has no frame of its own; it is in the transcript of an ended conversation.
        if (frame.conversation === talk.state.id && isEnded(frame.stage)) void talk.load();
        return;
      case 'typing':
        state.typing[frame.conversation] = clock() + TYPING_LASTS;
        return;
      case 'pong':
      case 'goodbye':
        return;
    }
  };

  /** Asks for everything anew. While the connection is down this is also how an ended session is noticed. */
  const refresh = async (): Promise<void> => {
    const asked = queues;
    try {
      const view = await api.queue();
      // A frame that came meanwhile is newer than this answer.
      if (queues === asked) setQueue(view);
      for (const { conversation, last_at } of view.mine) {
        const missed = Date.parse(last_at) > (readUntil.get(conversation) ?? 0) && conversation !== talk.state.id;
        if (missed && unreadOf(conversation) === 0) state.unread[conversation] = 1;
      }
    } catch {
      // Shown already: by the bar of the broken connection, or by the login page.
    }
  };

  const live = makeLive({
    onFrame,
    onLink: (link) => {
      state.link = link;
      if (link === 'connecting') return;
      void refresh();
      if (link !== 'open') return;
      void talk.load();
      outbox.nudge();
    },
  });

  const unreadOf = (conversation: string): number =>
    state.unread[conversation] ?? state.mine.find((summary) => summary.conversation === conversation)?.unread ?? 0;

  const read = (conversation: string | undefined): void => {
    if (conversation === undefined) return;
    state.unread[conversation] = 0;
    const summary = state.mine.find((one) => one.conversation === conversation);
    if (summary) readUntil.set(conversation, Math.max(readUntil.get(conversation) ?? 0, Date.parse(summary.last_at)));
  };
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') read(talk.state.id);
  };
  document.addEventListener('visibilitychange', onVisible);

  return {
    name,
    state,
    talk: talk.state,
    drafts,
    outbox,
    files,
    unreadOf,
    refresh,
    reload: talk.load,
    /** Reads a conversation without opening it. */
    peek: (conversation: string): Promise<Transcript> => api.conversation(conversation),
    retryLink: live.retry,
    start: live.start,
    stop(): void {
      document.removeEventListener('visibilitychange', onVisible);
      live.stop();
      outbox.dispose();
    },
    async open(conversation: string | undefined): Promise<void> {
      read(talk.state.id);
      read(conversation);
      await talk.open(conversation);
    },
    /** Throws when a colleague was faster; the queue is fresh again either way. */
    async claim(conversation: string): Promise<void> {
      try {
        const { stage, version } = await api.claim(conversation);
        talk.change(conversation, { stage, version, owner: name });
      } catch (error) {
        if (conversation === talk.state.id) void talk.load();
        throw error;
      } finally {
        void refresh();
      }
      await talk.open(conversation);
    },
    async release(conversation: string): Promise<void> {
      await api.release(conversation);
      await Promise.all([talk.load(), refresh()]);
    },
    async close(conversation: string): Promise<void> {
      await api.close(conversation);
      await Promise.all([talk.load(), refresh()]);
    },
    /** A help that may be absent, so its failure is nobody's concern either. */
    enterprise: (conversation: string): Promise<Enterprise | undefined> =>
      api.enterprise(conversation).catch(() => undefined),
    reveal: (conversation: string, seq: number): Promise<Revealed> => api.reveal(conversation, seq),
    mayReply: (): boolean => talk.state.transcript !== undefined && mayReply(talk.state.transcript, name),
    /** Merely a courtesy, so a failure is nobody's concern. */
    typing: (conversation: string): void => void api.typing(conversation).catch(() => undefined),
    focusComposer: (): void => void (state.focusAsked += 1),
    clock,
  };
}
