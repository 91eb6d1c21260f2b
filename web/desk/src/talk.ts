/** The conversation that is open: its transcript, kept complete while messages and stages arrive beside it. */
import type { Message, Transcript } from '@yikouwen/shared/wire';
import { reactive } from 'vue';

import { ApiError, type Api } from './api';
import { applyStage, hasGap, isTakenByOther, mergeMessages, type StageChange } from './reduce';

export type TalkStatus = 'none' | 'loading' | 'ready' | 'failed' | 'taken' | 'gone';

export interface TalkState {
  id: string | undefined;
  status: TalkStatus;
  transcript: Transcript | undefined;
  /** Who has it, when a colleague took it. */
  winner: string | undefined;
  /** The last failure, with status `failed`. */
  error: unknown;
}

export type Talk = ReturnType<typeof createTalk>;

export function createTalk(api: Pick<Api, 'conversation'>, me: () => string) {
  const state = reactive<TalkState>({
    id: undefined,
    status: 'none',
    transcript: undefined,
    winner: undefined,
    error: undefined,
  });
  // What arrives while the transcript is under way is newer than it may turn out to be, so it waits here.
  let early: { messages: Message[]; changes: StageChange[] } = { messages: [], changes: [] };
  let fetches = 0;

  const hide = (status: 'taken' | 'gone', winner?: string): void => {
    state.status = status;
    state.winner = winner;
    state.transcript = undefined;
  };

  async function load(repairing = false): Promise<void> {
    const id = state.id;
    if (id === undefined) return;
    const fetch = ++fetches;
    early = { messages: [], changes: [] };
    if (!state.transcript) state.status = 'loading';
    try {
      const fetched = await api.conversation(id);
      if (fetch !== fetches) return;
      let next: Transcript = {
        ...fetched,
        messages: mergeMessages(mergeMessages(state.transcript?.messages ?? [], fetched.messages), early.messages),
      };
      for (const change of early.changes) next = applyStage(next, change);
      if (isTakenByOther(next, me()) && early.changes.length > 0) {
        hide('taken', next.owner);
        return;
      }
      state.transcript = next;
      state.status = 'ready';
      state.error = undefined;
      // One more look at most: were the gap the server's, asking for ever would not close it.
      if (hasGap(next.messages) && !repairing) await load(true);
    } catch (error) {
      if (fetch !== fetches) return;
      const refused = error instanceof ApiError && [403, 404, 409].includes(error.status);
      // A colleague who has it is named with the refusal.
      const winner = error instanceof ApiError ? error.problem.winner : undefined;
      if (refused) hide(winner === undefined ? 'gone' : 'taken', winner);
      else if (!state.transcript) {
        state.status = 'failed';
        state.error = error;
      }
    }
  }

  return {
    state,
    load: () => load(),
    async open(id: string | undefined): Promise<void> {
      if (id === state.id && state.status !== 'failed') return;
      fetches += 1;
      Object.assign(state, { id, status: 'none', transcript: undefined, winner: undefined, error: undefined });
      await load();
    },
    message(conversation: string, message: Message): void {
      if (conversation !== state.id) return;
      early.messages.push(message);
      if (!state.transcript) return;
      const messages = mergeMessages(state.transcript.messages, [message]);
      state.transcript = { ...state.transcript, messages };
      if (hasGap(messages)) void load(true);
    },
    /** The server says that this helper may not read it any more; who has it, a look at it may tell. */
    lost(conversation: string): void {
      if (conversation !== state.id) return;
      hide('gone');
      void load();
    },
    change(conversation: string, change: StageChange): void {
      if (conversation !== state.id) return;
      early.changes.push(change);
      const { transcript } = state;
      if (!transcript) {
        // Back in the queue, or back with this helper: there is something to read again.
        const regained = state.status === 'taken' || state.status === 'gone';
        if (regained && !isTakenByOther(change, me())) void load();
        return;
      }
      if (change.version < transcript.version) return;
      if (isTakenByOther(change, me())) {
        hide('taken', change.owner);
        return;
      }
      state.transcript = applyStage(transcript, change);
    },
  };
}
