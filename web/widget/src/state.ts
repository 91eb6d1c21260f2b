/**
 * All that the widget knows, and how it changes. Pure: what happened goes in as an action, the new state comes out;
 * time, network and storage live elsewhere.
 */
import type {
  Choice,
  DurableFrame,
  ErrorCode,
  Feedback,
  LoginState,
  Message,
  Score,
  ServerFrame,
  Stage,
  StateFrame,
} from '@yikouwen/shared/wire';

import { isTransient, type Link } from './connection';
import type { LoginStep } from './login';

/** Words on their way: shown at once, replaced by the server's message when it comes. */
export interface Pending {
  id: string;
  text: string;
  status: 'sending' | 'accepted' | 'held' | 'failed';
  code?: ErrorCode | 'network';
  /** What goes out is a file; its name is the text. */
  file?: {
    bytes: number;
    /** How much has gone out, from 0 to 1. */
    part: number;
  };
}

/** An answer being written. */
export interface Draft {
  turn: string;
  text: string;
  /** Pieces were missed while the line was down, so the text can't be shown any more; the final message will be. */
  torn: boolean;
}

export interface State {
  conversation: string | null;
  /** Earlier conversations of this visit, kept above a divider. */
  past: { conversation: string; messages: Message[] }[];
  /** Ordered by seq. */
  messages: Message[];
  pending: Pending[];
  drafts: Draft[];
  stage: Stage;
  position: number | undefined;
  waitSeconds: number | undefined;
  helper: string | undefined;
  deskOpen: boolean | undefined;
  link: Link;
  /** The highest seq when the server greeted us: below it is history, above it is news. */
  historyEnd: number;
  settled: boolean;
  /** 转人工 was pressed and has not shown its effect yet. */
  askingHuman: boolean;
  helperTyping: boolean;
  notice: { code: ErrorCode; retryAfter: number | undefined } | null;
  feedback: Record<string, Feedback>;
  /** What this page chose, by message; the server tells it back as a citizen's message. */
  picked: Record<string, string>;
  /** Ratings by conversation. */
  rated: Record<string, Score>;
  /** Clicks that show their effect at once and take it back should the server refuse them. */
  hoped: Record<string, DurableFrame>;
  /** Whether the visitor is linked to somebody who logged in; unknown until the server has said so. */
  login: LoginState | undefined;
  loginStep: LoginStep;
}

export type Action =
  | { type: 'frame'; frame: ServerFrame }
  | { type: 'link'; link: Link }
  | { type: 'out'; frame: DurableFrame; choice?: Choice }
  | { type: 'file-out'; id: string; name: string; bytes: number }
  | { type: 'file-part'; id: string; part: number }
  | { type: 'file-refused'; id: string; code: ErrorCode | 'network' }
  | { type: 'helper-still' }
  | { type: 'notice-read' }
  | { type: 'withdraw'; id: string }
  | { type: 'remember-rated'; rated: Record<string, Score> }
  | { type: 'login'; login: LoginState }
  | { type: 'login-step'; step: LoginStep };

export const initialState: State = {
  conversation: null,
  past: [],
  messages: [],
  pending: [],
  drafts: [],
  stage: 'robot',
  position: undefined,
  waitSeconds: undefined,
  helper: undefined,
  deskOpen: undefined,
  link: 'connecting',
  historyEnd: 0,
  settled: false,
  askingHuman: false,
  helperTyping: false,
  notice: null,
  feedback: {},
  picked: {},
  rated: {},
  hoped: {},
  login: undefined,
  loginStep: 'idle',
};

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'frame':
      return onFrame(state, action.frame);
    case 'link':
      return { ...state, link: action.link, helperTyping: action.link === 'up' && state.helperTyping };
    case 'out':
      return onOut(state, action.frame, action.choice);
    case 'file-out': {
      const file = { bytes: action.bytes, part: 0 };
      const one: Pending = { id: action.id, text: action.name, status: 'sending', file };
      const others = state.pending.filter(({ id }) => id !== action.id);
      return { ...state, notice: null, pending: [...others, one] };
    }
    case 'file-part':
      return {
        ...state,
        pending: state.pending.map((one) =>
          one.id === action.id && one.file ? { ...one, file: { ...one.file, part: action.part } } : one,
        ),
      };
    case 'file-refused': {
      const notice = action.code === 'network' ? state.notice : { code: action.code, retryAfter: undefined };
      return { ...state, notice, pending: mark(state.pending, action.id, { status: 'failed', code: action.code }) };
    }
    case 'helper-still':
      return { ...state, helperTyping: false };
    case 'notice-read':
      return { ...state, notice: null };
    case 'withdraw':
      return { ...state, pending: state.pending.filter((one) => one.id !== action.id) };
    case 'remember-rated':
      return { ...state, rated: { ...action.rated, ...state.rated } };
    case 'login':
      return { ...state, login: action.login };
    case 'login-step':
      return { ...state, loginStep: action.step };
  }
}

/** The highest seq without a gap below it: what the server need not send again. */
export function contiguous(messages: Message[]): number {
  let after = 0;
  for (const { seq } of messages) {
    if (seq !== after + 1) break;
    after = seq;
  }
  return after;
}

/** True while something is missing between the messages we have. */
export function hasGap(messages: Message[]): boolean {
  return contiguous(messages) < (messages[messages.length - 1]?.seq ?? 0);
}

/** True while a person has the conversation, or will soon. */
export function withHuman(stage: Stage): boolean {
  return stage === 'queued' || stage === 'claimed' || stage === 'serving' || stage === 'reclaim_grace';
}

export function isWriting(state: State): boolean {
  return state.drafts.length > 0;
}

function onFrame(state: State, frame: ServerFrame): State {
  switch (frame.t) {
    case 'welcome': {
      const next = frame.conversation === state.conversation ? state : begin(state, frame.conversation);
      return settle({
        ...next,
        stage: frame.stage,
        historyEnd: Math.max(next.historyEnd, frame.last),
        drafts: next.drafts.map((draft) => ({ ...draft, torn: true, text: '' })),
      });
    }
    case 'conversation':
      return frame.conversation === state.conversation
        ? state
        : { ...begin(state, frame.conversation), settled: true };
    case 'message':
      return settle(onMessage(state, frame.conversation, frame.message));
    case 'accepted':
      return {
        ...state,
        notice: null,
        pending: mark(state.pending, frame.id, { status: 'accepted' }),
        hoped: without(state.hoped, frame.id),
      };
    case 'thinking':
      if (isKnown(state, frame.turn)) return state;
      return { ...state, drafts: upsert(state.drafts, frame.turn, () => ({ turn: frame.turn, text: '', torn: false })) };
    case 'delta':
      if (isKnown(state, frame.turn)) return state;
      return {
        ...state,
        drafts: upsert(state.drafts, frame.turn, (draft) =>
          draft.torn ? draft : { ...draft, text: draft.text + frame.text },
        ),
      };
    case 'drop':
      return { ...state, drafts: state.drafts.filter((draft) => draft.turn !== frame.turn) };
    case 'state':
      return onState(state, frame);
    case 'typing':
      return { ...state, helperTyping: true };
    case 'error':
      return onError(state, frame.code, frame.id, frame.retry_after);
    case 'pong':
      return state;
  }
}

/** A conversation begins; what was said before stays readable. */
function begin(state: State, conversation: string): State {
  const past =
    state.conversation !== null && state.messages.length > 0
      ? [...state.past, { conversation: state.conversation, messages: state.messages }]
      : state.past;
  return {
    ...state,
    conversation,
    past,
    messages: [],
    drafts: [],
    stage: 'robot',
    position: undefined,
    waitSeconds: undefined,
    helper: undefined,
    historyEnd: 0,
    askingHuman: false,
    helperTyping: false,
  };
}

function onMessage(state: State, conversation: string, message: Message): State {
  if (state.past.some((segment) => segment.conversation === conversation)) return state;
  const base = state.conversation === conversation ? state : begin(state, conversation);
  const repeated = base.messages.some((known) => known.seq === message.seq);
  // Replies come in the order of the questions. One that comes after the line broke, under another name than what was
  // being written then, is what a restarted server wrote in its place.
  const isNews = message.author === 'robot' && base.messages.every((known) => known.seq < message.seq);
  const messages = repeated
    ? base.messages.map((known) => (known.seq === message.seq ? message : known))
    : [...base.messages, message].sort((left, right) => left.seq - right.seq);
  return {
    ...base,
    messages,
    pending: base.pending.filter((one) => one.id !== message.client_id),
    drafts: base.drafts.filter((draft) => draft.turn !== message.id && !(draft.torn && isNews)),
    helperTyping: base.helperTyping && message.author !== 'helper',
    notice: repeated ? base.notice : null,
  };
}

function onState(state: State, frame: StateFrame): State {
  if (state.conversation !== null && frame.conversation !== state.conversation) return state;
  return {
    ...state,
    conversation: frame.conversation,
    stage: frame.stage,
    position: frame.position,
    waitSeconds: frame.wait_seconds,
    helper: frame.helper,
    deskOpen: frame.desk_open,
    settled: true,
    askingHuman: state.askingHuman && frame.stage === 'robot',
    // Once a person is there the robot writes no more, whatever it had begun.
    drafts: withHuman(frame.stage) ? [] : state.drafts,
    helperTyping: state.helperTyping && frame.stage === 'serving',
  };
}

function onError(state: State, code: ErrorCode, id: string | undefined, retryAfter: number | undefined): State {
  const next: State = { ...state, notice: code === 'unauthorized' ? state.notice : { code, retryAfter } };
  if (id === undefined) return next;
  if (isTransient(code)) return { ...next, pending: mark(next.pending, id, { status: 'held', code }) };
  return {
    ...takeBack(next, next.hoped[id]),
    hoped: without(next.hoped, id),
    pending: mark(next.pending, id, { status: 'failed', code }),
  };
}

/** Undoes what a refused click showed. */
function takeBack(state: State, frame: DurableFrame | undefined): State {
  switch (frame?.t) {
    case 'human':
      return { ...state, askingHuman: false };
    case 'feedback':
      return { ...state, feedback: without(state.feedback, frame.message) };
    case 'choose':
      return { ...state, picked: without(state.picked, frame.message) };
    case 'rate':
      return state.conversation === null ? state : { ...state, rated: without(state.rated, state.conversation) };
    default:
      return state;
  }
}

function onOut(before: State, frame: DurableFrame, choice?: Choice): State {
  const state = { ...before, hoped: { ...before.hoped, [frame.id]: frame } };
  switch (frame.t) {
    case 'say':
      return { ...state, notice: null, pending: [...state.pending, { id: frame.id, text: frame.text, status: 'sending' }] };
    case 'choose':
      return {
        ...state,
        notice: null,
        picked: { ...state.picked, [frame.message]: frame.key },
        pending: choice ? [...state.pending, { id: frame.id, text: choice.label, status: 'sending' }] : state.pending,
      };
    case 'feedback':
      return { ...state, feedback: { ...state.feedback, [frame.message]: frame.useful ? 'useful' : 'useless' } };
    case 'human':
      return { ...state, notice: null, askingHuman: true };
    case 'rate':
      return state.conversation === null
        ? state
        : { ...state, rated: { ...state.rated, [state.conversation]: frame.score } };
    case 'new':
    case 'stop':
      return { ...state, notice: null };
  }
}

function settle(state: State): State {
  return state.settled || contiguous(state.messages) < state.historyEnd ? state : { ...state, settled: true };
}

function without<T>(record: Record<string, T>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([one]) => one !== key));
}

function isKnown(state: State, turn: string): boolean {
  return state.messages.some((message) => message.id === turn);
}

function mark(pending: Pending[], id: string, change: Partial<Pending>): Pending[] {
  return pending.map((one) => (one.id === id ? { ...one, ...change } : one));
}

function upsert(drafts: Draft[], turn: string, change: (draft: Draft) => Draft): Draft[] {
  const blank: Draft = { turn, text: '', torn: false };
  return drafts.some((draft) => draft.turn === turn)
    ? drafts.map((draft) => (draft.turn === turn ? change(draft) : draft))
    : [...drafts, change(blank)];
}
