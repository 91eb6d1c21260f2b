/** The wire contract of a shared page: what the form's page, the server and the helper's viewer say to each other. */

import type { OwnPage } from '../sharelink';

/** What a citizen may allow; each is asked for on its own. */
export type Scope = 'view' | 'point' | 'fill' | Media;

/** What goes from browser to browser, beside the page. */
export type Media = 'voice' | 'screen';

/** A helper as the citizen sees them. */
export interface Person {
  no: string;
  name: string;
}

/** What is allowed at this moment, and who is looking. */
export interface Permissions {
  view: boolean;
  point: boolean;
  fill: boolean;
  voice: boolean;
  screen: boolean;
  paused: boolean;
  viewers?: Person[];
}

/** Around every JSON frame. */
export interface Envelope {
  v: 1;
  sid: string;
  /** Plus one with every recorder, that is with every page loaded. */
  epoch: number;
  /** Gapless per direction within an epoch; 0 for `hello` and `welcome`, which are not counted. */
  seq: number;
  /** The last number seen of the other side. */
  ack: number;
  /** Milliseconds since 1970, for display only. */
  ts: number;
}

/** What a helper asks to see: a form, the desktop, or one of the citizen's own pages. */
export type ShareKind = 'form' | 'screen' | OwnPage;

export type HighlightKind = 'box' | 'arrow' | 'pulse';
export type FillResult = 'applied' | 'rejected' | 'stale' | 'expired' | 'denied' | 'undone';
export type EndReason = string;

export interface Pointer {
  t: 'ptr';
  node: number;
  /** Where in the node's box, from 0 to 1. */
  dx: number;
  dy: number;
}
export interface ScrollFrame {
  t: 'scroll';
  node: number;
  x: number;
  y: number;
}
export interface Highlight {
  t: 'hl';
  id: string;
  node: number;
  kind: HighlightKind;
  text: string;
  /** Seconds. */
  ttl: number;
}
export interface Steps {
  t: 'steps';
  id: string;
  list: { node: number; text: string }[];
  /** Which of them is to be done now, from 0; past the last one when all are done. */
  at: number;
}
export interface Proposal {
  t: 'fill.propose';
  id: string;
  node: number;
  value: string;
  purpose: string;
  /** What the helper saw: the field must still be this one when the citizen agrees. */
  expect: { name: string; label: string };
}
export interface FillResultFrame {
  t: 'fill.result';
  id: string;
  result: FillResult;
}
export interface DigestFrame {
  t: 'digest';
  nodes: number;
  /** Unsigned 32 bits. */
  hash: number;
}
/** By which servers two browsers find each other. */
export interface Call {
  t: 'call';
  call: string;
  media: Media;
  ice: { urls: string[]; username?: string; credential?: string }[];
  /** Neither side may learn the other's address. */
  relay_only: boolean;
}
/** Over for both sides, or never begun: then without `call`. */
export interface CallEnd {
  t: 'call.end';
  call?: string;
  media: Media;
  why: string;
}
/** Why a side ends a call. */
export type Why = 'hangup' | 'network' | 'relay' | 'device';
/** Why there is nothing to be heard or seen. */
export type Reluctance = 'declined' | 'blocked' | 'missing' | 'unsupported' | 'phone';
interface Candidate {
  candidate: string;
  sdpMid?: string;
  sdpMLineIndex?: number;
  usernameFragment?: string;
}
/** What one browser says to the other. The citizen's offers, always. */
export type Signal = { t: 'rtc'; call: string; media: Media } & (
  | { kind: 'offer' | 'answer'; sdp: string }
  | { kind: 'ice'; candidate: Candidate }
  | { kind: 'mute'; on: boolean }
  | { kind: 'up' }
  | { kind: 'bye'; why: Why }
);

type Clear = { t: 'hl.clear'; id?: string };
type Ended = { t: 'end'; reason?: EndReason };

/* ---- the form's page ---- */

export type FromCitizen =
  | {
      t: 'hello';
      token: string;
      rec_ver: string;
      url: string;
      title: string;
      viewport: { w: number; h: number };
      last_seq?: number;
    }
  | { t: 'consent'; scope: Scope; ttl?: number }
  | { t: 'revoke'; scope: Scope; why?: Reluctance }
  | Signal
  | { t: 'reveal'; node: number; ttl: number }
  | DigestFrame
  | Pointer
  | ScrollFrame
  | { t: 'visible'; state: 'visible' | 'hidden' }
  | FillResultFrame
  | { t: 'pause'; on: boolean }
  | { t: 'health'; long_tasks: number; bytes: number }
  | Ended;

export type ToCitizen =
  | { t: 'welcome'; epoch: number; perm: Permissions; helper: Person; purpose: string; last_seq?: number; kind?: ShareKind }
  | Call
  | CallEnd
  | Signal
  | { t: 'share.request'; scope: Scope; helper: Person; purpose: string }
  | { t: 'snap.request'; reason: string }
  | Pointer
  | Highlight
  | Clear
  | Steps
  | Proposal
  | ({ t: 'perm' } & Permissions)
  | { t: 'ack' }
  | { t: 'need'; from: number }
  | Ended;

/* ---- the helper's viewer ---- */

export type FromHelper =
  | { t: 'ask'; scope: Scope }
  | Signal
  | Pointer
  | Highlight
  | Clear
  | Steps
  | Proposal
  | { t: 'resnap'; reason: string }
  | { t: 'ping'; n: number }
  | { t: 'leave' };

export type PeerState = 'online' | 'hidden' | 'gone' | 'paused';

export type ToHelper =
  | {
      t: 'welcome';
      epoch: number;
      perm: Permissions;
      peer: PeerState | { state: PeerState } | null;
      purpose: string;
      title: string;
      viewport: { w: number; h: number } | null;
      role: 'owner' | 'watcher';
      kind?: ShareKind;
      /** What the server offers beside the page. */
      calls?: Media[];
    }
  | Call
  | CallEnd
  | Signal
  | (DigestFrame & { at_seq: number })
  | Pointer
  | ScrollFrame
  | ({ t: 'perm' } & Permissions)
  | { t: 'peer'; state: PeerState }
  | { t: 'lag'; ms: number }
  | FillResultFrame
  | { t: 'denied'; of?: string; id?: string; why: string }
  | { t: 'pong'; n: number }
  | Ended;

export type Framed<T> = Envelope & T;
