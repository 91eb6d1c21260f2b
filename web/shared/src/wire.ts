/**
 * The wire contract of the web channel: what the server and the citizen's or helper's page say to each other.
 * The names are the server's; nothing here is computed.
 */

/** A moment as RFC 3339 in UTC. */
export type Instant = string;

export type Author = 'citizen' | 'robot' | 'helper' | 'system';
export type Outcome = 'answered' | 'clarify' | 'guide' | 'no_answer' | 'handoff' | 'emergency';
export type EntryKind = 'faq' | 'matter' | 'policy' | 'scenario';
export type Feedback = 'useful' | 'useless';
export type Score = 1 | 2 | 3 | 4 | 5;
export type Locale = 'zh' | 'en';

export type Stage =
  | 'robot'
  | 'queued'
  | 'claimed'
  | 'serving'
  | 'reclaim_grace'
  | 'wrap_up'
  | 'closed'
  | 'left_message';

export interface Citation {
  number: number;
  id: string;
  title: string;
  kind: EntryKind;
  url?: string;
  quote?: string;
  source?: string;
  department?: string;
  updated?: string;
  /** Where the entry leads besides: maps of its windows, its appointments. */
  links?: CitationLink[];
}

/** Where an entry leads besides its own page. */
export interface CitationLink {
  kind: 'map' | 'appointment';
  /** The name of what is there. */
  label: string;
  url: string;
}

export interface Choice {
  key: string;
  label: string;
}

export interface Call {
  label: string;
  number: string;
}

/** Why the robot said what it said; sent to the desk only. */
export interface Evidence {
  id: string;
  title: string;
  kind: EntryKind;
  confidence: number;
  unit?: string;
}

export type FileKind = 'image' | 'voice' | 'video' | 'file';

/** A file that goes with a message. */
export interface Attachment {
  id: string;
  kind: FileKind;
  /** Clean, with an ending that fits the content; empty while the platform has told none. */
  name: string;
  mime?: string;
  bytes?: number;
  /** Where the citizen's page reads it; absent at the desk, which reads by the id. */
  url?: string;
  /** At the desk only. */
  state?: 'pending' | 'kept' | 'lost';
  /** Why it is lost. */
  why?: 'gone' | 'too_large' | 'forbidden_file' | 'unreachable';
}

export interface Message {
  /** Gapless per conversation, from 1. */
  seq: number;
  id: string;
  author: Author;
  /** The helper's name; absent for everyone else. */
  name?: string;
  at: Instant;
  /** Markdown; marks such as [1] point at `citations[].number`. */
  text: string;
  attachments?: Attachment[];
  /** What the platform calls the place a citizen sent; at the desk only. */
  place?: string;
  outcome?: Outcome;
  citations?: Citation[];
  choices?: Choice[];
  offer_human?: boolean;
  call?: Call[];
  ask_rating?: boolean;
  /** On citizen messages: the id that the citizen's client gave. */
  client_id?: string;
  feedback?: Feedback;
  /** What identifies a person stands in it, and the helpers see labels in its place; for the citizen only. */
  private?: boolean;
  confidence?: number;
  evidence?: Evidence[];
  /** Labels stand in it for something that this helper may reveal; at the desk only. */
  hidden?: boolean;
}

/** A message as it was written. */
export interface Revealed {
  text: string;
  place?: string;
  /** The names of its files, in their order. */
  files?: string[];
}

/* ---- web channel: client to server ---- */

export type SayFrame = { t: 'say'; id: string; text: string };
export type ChooseFrame = { t: 'choose'; id: string; message: string; key: string };
export type FeedbackFrame = { t: 'feedback'; id: string; message: string; useful: boolean };
export type HumanFrame = { t: 'human'; id: string };
export type RateFrame = { t: 'rate'; id: string; score: Score; comment?: string };
export type NewFrame = { t: 'new'; id: string };
export type StopFrame = { t: 'stop'; id: string };

/** Frames the server acknowledges; a client repeats them under the same id until it does. */
export type DurableFrame =
  | SayFrame
  | ChooseFrame
  | FeedbackFrame
  | HumanFrame
  | RateFrame
  | NewFrame
  | StopFrame;

export interface HelloFrame {
  t: 'hello';
  token: string;
  locale: Locale;
  conversation?: string;
  after: number;
  /** Origin and path of the page the citizen is on, never its query. */
  page?: string;
}

export type ClientFrame = HelloFrame | DurableFrame | { t: 'typing' } | { t: 'ping' };

/* ---- web channel: server to client ---- */

export type ErrorCode =
  | 'empty'
  | 'too_long'
  | 'bad_frame'
  | 'busy'
  | 'rate_limited'
  | 'unauthorized'
  | 'unknown_message'
  | 'not_now'
  | 'unavailable'
  | 'file_empty'
  | 'file_too_large'
  | 'file_forbidden';

export interface WelcomeFrame {
  t: 'welcome';
  conversation: string;
  stage: Stage;
  /** The highest seq of the conversation. */
  last: number;
}
export interface AcceptedFrame {
  t: 'accepted';
  id: string;
  seq?: number;
}
export interface MessageFrame {
  t: 'message';
  conversation: string;
  message: Message;
}
export interface StateFrame {
  t: 'state';
  conversation: string;
  stage: Stage;
  position?: number;
  wait_seconds?: number;
  helper?: string;
  desk_open?: boolean;
}
export interface ErrorFrame {
  t: 'error';
  id?: string;
  code: ErrorCode;
  /** Seconds. */
  retry_after?: number;
}

export type ServerFrame =
  | WelcomeFrame
  | AcceptedFrame
  | MessageFrame
  | StateFrame
  | ErrorFrame
  | { t: 'delta'; turn: string; text: string }
  | { t: 'drop'; turn: string }
  | { t: 'thinking'; turn: string }
  | { t: 'typing' }
  | { t: 'pong' }
  | { t: 'conversation'; conversation: string };

export interface Session {
  token: string;
  visitor: string;
  expires_at: Instant;
  /** The largest file that can be sent, in bytes. */
  file_bytes?: number;
}

/** RFC 9457, with the machine-readable `code` this product adds. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  /** Who was faster, on a refused claim. */
  winner?: string;
  retry_after?: number;
}

/* ---- read-only API of the first screen ---- */

export type Localized<T> = Record<Locale, T>;

export interface Site {
  name: string;
  demo: boolean;
  greeting: Localized<string>;
  starters: Localized<string[]>;
  ai_label: Localized<string>;
  /** Absent or null where nobody can log in. */
  login?: { label: Localized<string> } | null;
}

/* ---- logging in, and joining the conversations of several channels ---- */

/** Whether this visitor of the web channel is linked to somebody who logged in. */
export type LoginState = { linked: false } | { linked: true; name: string | null; unresolved: number };

/** A login begun in a channel. */
export interface LoginTicket {
  id: string;
  /** The page where one logs in. */
  url: string;
  expires_at: Instant;
}

/** Goes from the login page to the widget that opened it. */
export interface LoginMessage {
  yikouwen: 'login';
  login: string;
  code: string;
}

/** What the login page is told about the channel that is to be linked; anybody who has the address may know it. */
export interface LoginView {
  /** Null for a login that no channel began. */
  channel: string | null;
  type: ChannelType | null;
  /** The page that carries the widget, when it is ours or named by the operator. */
  origin?: string | null;
  expires_at: Instant;
  stage: 'started' | 'consented' | 'linked';
  consent: Localized<string>;
}

export interface ConsentReply {
  /** Six digits, which come back through the channel. */
  code: string;
  expires_at: Instant;
  /** The page that carries the widget; null when the code may not be handed to a page. */
  origin: string | null;
}

export type ChannelType = 'web' | 'wechat' | 'dingtalk' | 'telegram' | 'http' | 'api';

/**
 * `open`: a person has it; `waiting`: in the queue, or left as a message; `unresolved`: ended without a good answer.
 */
export type PastState = 'open' | 'waiting' | 'unresolved' | 'resolved';

export interface PastConversation {
  id: string;
  channel: string;
  type: ChannelType;
  opened_at: Instant;
  updated_at: Instant;
  question: string;
  /** The questions that nobody has answered, in their order. */
  unanswered?: string[];
  state: PastState;
  stage: Stage;
}

export interface ChannelLink {
  id: string;
  channel: string;
  type: ChannelType;
  since: Instant;
}

/** Somebody who logged in, as shown to himself. */
export interface Person {
  name: string | null;
  provider: Localized<string>;
  links: ChannelLink[];
  /** Newest first. */
  conversations: PastConversation[];
}

export interface PastTranscript {
  id: string;
  channel: string;
  type: ChannelType;
  opened_at: Instant;
  state: PastState;
  messages: {
    seq: number;
    author: Author;
    name?: string | null;
    at: Instant;
    text: string;
    attachments?: { name: string; mime?: string | null; bytes?: number | null }[];
  }[];
}

export interface Suggestion {
  text: string;
  id: string;
  kind: EntryKind;
}

export interface Material {
  name: string;
  form?: string;
  copies?: number;
  note?: string;
  keypoints?: string[];
}

export interface ServiceWindow {
  name: string;
  address?: string;
  lng?: number;
  lat?: number;
  hours?: string;
  phone?: string;
}

export interface PolicyCondition {
  field: string;
  op: 'eq' | 'ne' | 'ge' | 'gt' | 'le' | 'lt' | 'in';
  value: string | number | boolean | (string | number)[];
}

export interface EntrySource {
  title?: string;
  number?: string;
  url?: string;
  published_on?: string;
}

/** A published knowledge entry, as the opened citation shows it. */
export interface Entry {
  id: string;
  kind: EntryKind;
  title: string;
  answer?: string;
  region?: string;
  department?: string;
  effective_from?: string;
  expires_on?: string;
  source?: EntrySource;
  attachments?: { name: string; url?: string }[];
  materials?: Material[];
  /** Sentences for a matter, comparisons for a policy. */
  conditions?: (string | PolicyCondition)[];
  steps?: string[];
  fees?: string;
  time_limit_days?: number;
  windows?: ServiceWindow[];
  online_url?: string;
  appointment_url?: string;
  video_url?: string;
  benefits?: string;
  apply_from?: string;
  apply_until?: string;
}

/* ---- desk: helpers' workbench ---- */

export type Role = 'responder' | 'owner' | 'supervisor' | 'admin';

export type HandoffReason =
  | 'asked'
  | 'dissatisfied'
  | 'repeated'
  | 'unanswered'
  | 'complaint'
  | 'emergency'
  | 'returned';

export interface Helper {
  name: string;
  role: Role;
  must_change_password: boolean;
}

export interface LoginReply {
  helper: Helper;
}

export interface Me extends Helper {
  capacity: number;
  load: number;
}

export interface QueueItem {
  conversation: string;
  position: number;
  queued_at: Instant;
  waiting_seconds: number;
  reason: HandoffReason;
  channel: string;
  /** The last words, masked. */
  preview: string;
  priority: 0 | 1;
  previous_helper?: string;
}

export interface Summary {
  conversation: string;
  stage: Stage;
  channel: string;
  preview: string;
  last_at: Instant;
  unread?: number;
}

export interface QueueView {
  queue: QueueItem[];
  mine: Summary[];
  desk_open: boolean;
  online: number;
}

export interface Rating {
  score: Score;
  comment?: string;
  at: Instant;
}

export interface Transcript {
  id: string;
  stage: Stage;
  version: number;
  channel: string;
  opened_at: Instant;
  owner?: string;
  reason?: HandoffReason;
  position?: number;
  messages: Message[];
  rating?: Rating;
  /** Who logged in with a real name and is linked to this conversation's address. */
  citizen?: { name?: string; since: Instant };
  /** Other conversations of the same person, newest first. */
  earlier?: Earlier[];
  /** The most that one message holds on the channel, in bytes of UTF-8 or units of UTF-16. */
  limit?: { text: number; unit: 'bytes' | 'utf16' };
}

export interface Earlier {
  id: string;
  channel: string;
  opened_at: Instant;
  /** Masked. */
  question: string;
  state: PastState;
  /** What is listed may be read, unless it says otherwise. */
  readable?: boolean;
}

/** Where a citizen works, as their platform knows it. */
export interface Enterprise {
  organisation?: string;
  department?: string;
  position?: string;
}

export interface ClaimReply {
  conversation: string;
  stage: Stage;
  version: number;
}

/** Something that is wrong with a channel. */
export interface ChannelAlarm {
  code: string;
  /** What it means, in the reader's language. */
  title: string;
  /** What to do about it. */
  do: string;
  /** What the platform said. */
  detail: string;
  since: Instant;
}

export interface ChannelState {
  id: string;
  type: string;
  alarms: ChannelAlarm[];
}

export type DeskFrame =
  | ({ t: 'queue' } & QueueView)
  | { t: 'message'; conversation: string; message: Message }
  | { t: 'conversation'; conversation: string; stage: Stage; version: number; owner?: string }
  | { t: 'typing'; conversation: string }
  | { t: 'pong' }
  | { t: 'goodbye' };

export type DeskClientFrame = { t: 'ping' };
