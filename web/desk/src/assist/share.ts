/** One shared page at the desk: what is allowed, what has been proposed, and the line to it. Drawn by `views/assist/`. */
import type { FillResult, FromHelper, HighlightKind, Media, PeerState, Permissions, Scope, ShareKind, ToHelper } from '@yikouwen/shared/assist/wire';
import { freshId } from '@yikouwen/shared/ids';
import type { OwnPage } from '@yikouwen/shared/sharelink';
import { reactive } from 'vue';

import type { Api } from '../api';
import type { FromViewer, Picked, ToViewer } from '../viewer/speech';
import { createCallDesk } from './call';
import type { FormChoice, Share } from './calls';
import { openShareLink, type LinkOptions, type ShareLink } from './link';

export interface Proposed {
  id: string;
  label: string;
  value: string;
  result: FillResult | 'sent' | 'refused';
}

export interface ShareState {
  share: Share | undefined;
  /** The link for the citizen; known only to who asked, and only until the page is left. */
  link: string | undefined;
  /** The line to the server is open. */
  online: boolean;
  role: 'owner' | 'watcher';
  perm: Permissions;
  peer: PeerState | undefined;
  title: string;
  /** Milliseconds from the citizen's page to here, as far as known. */
  lag: number | undefined;
  /** A picture is on the stage. */
  shown: boolean;
  /** The citizen's window is wider than high. */
  wide: boolean;
  picked: Picked | undefined;
  steps: { node: number; text: string }[];
  /** The step the citizen is at; undefined while none are sent. */
  at: number | undefined;
  asked: Scope[];
  proposals: Proposed[];
  /** What the server refused last: the kind of frame, and why. */
  denied: { of: string; why: string } | undefined;
  ended: string | undefined;
  /** The forms that can be asked for. */
  forms: FormChoice[];
  /** The citizen's own pages that can be asked for. */
  pages: OwnPage[];
  /** Whether a desktop can be asked for. */
  screen: boolean;
  /** What can be done beside the page. */
  calls: Media[];
}

/** Seconds a highlight stays. */
const MARK = 20;
const RESNAP_MS = 1_500;

export type ShareDesk = ReturnType<typeof createShareDesk>;

export interface ShareDeskOptions {
  api: Pick<Api, 'shares' | 'askShare' | 'endShare'>;
  open?: (options: LinkOptions) => ShareLink;
}

const NOTHING: Permissions = { view: false, point: false, fill: false, voice: false, screen: false, paused: false };

export function createShareDesk({ api, open = openShareLink }: ShareDeskOptions) {
  const fresh = (): ShareState => ({
    share: undefined,
    link: undefined,
    online: false,
    role: 'watcher',
    perm: { ...NOTHING },
    peer: undefined,
    title: '',
    lag: undefined,
    shown: false,
    wide: false,
    picked: undefined,
    steps: [],
    at: undefined,
    asked: [],
    proposals: [],
    denied: undefined,
    ended: undefined,
    forms: [],
    pages: [],
    screen: false,
    calls: [],
  });
  const state = reactive(fresh());
  let line: ShareLink | undefined;
  let conversation: string | undefined;
  let draw: ((message: ToViewer, transfer?: Transferable[]) => void) | undefined;
  let waiting: [ToViewer, Transferable[] | undefined][] = [];
  let resnapped = -Infinity;
  let roundTrip = 0;
  let agreed = false;
  /** What is asked for from here is joined from here. */
  let asking = false;

  const show = (message: ToViewer, transfer?: Transferable[]): void => {
    if (draw) draw(message, transfer);
    else waiting.push([message, transfer]);
  };
  const send = (frame: FromHelper): boolean => line?.send(frame) ?? false;
  const calls = createCallDesk(send);
  const resnap = (reason: string): void => {
    const now = performance.now();
    if (now - resnapped < RESNAP_MS) return;
    resnapped = now;
    send({ t: 'resnap', reason });
  };

  const onFrame = (frame: ToHelper): void => {
    switch (frame.t) {
      case 'welcome':
        state.role = frame.role;
        state.title = frame.title;
        state.peer = typeof frame.peer === 'object' ? frame.peer?.state : frame.peer;
        state.calls = frame.role === 'owner' ? (frame.calls ?? []) : [];
        setPermissions(frame.perm);
        return;
      case 'call':
      case 'call.end':
      case 'rtc':
        calls.onFrame(frame);
        return;
      case 'digest':
        show({ t: 'digest', nodes: frame.nodes, hash: frame.hash });
        return;
      case 'ptr':
        show({ t: 'ptr', node: frame.node, dx: frame.dx, dy: frame.dy });
        return;
      case 'scroll':
        show({ t: 'scroll', node: frame.node, x: frame.x, y: frame.y });
        return;
      case 'perm':
        setPermissions(frame);
        return;
      case 'peer':
        state.peer = frame.state;
        return;
      case 'lag':
        // Both are there and back.
        state.lag = Math.round((frame.ms + roundTrip) / 2);
        return;
      case 'fill.result': {
        const found = state.proposals.find(({ id }) => id === frame.id);
        if (found) found.result = frame.result;
        return;
      }
      case 'denied': {
        if (frame.of === 'ask') calls.refused(frame.why);
        state.denied = { of: frame.of ?? '', why: frame.why };
        const meant = state.proposals.find(({ id }) => id === frame.id) ?? state.proposals.at(-1);
        if (frame.of === 'fill.propose' && meant?.result === 'sent') meant.result = 'refused';
        return;
      }
      case 'end':
        finish(frame.reason ?? '');
        return;
      case 'pong':
    }
  };
  const setPermissions = ({ view, point, fill, voice, screen, paused, viewers }: Permissions): void => {
    // What is no longer allowed to be seen does not stay on the screen.
    if (!view && state.perm.view) empty();
    agreed ||= view || voice || screen;
    state.perm = { view, point, fill, voice, screen, paused, ...(viewers ? { viewers } : {}) };
    state.asked = state.asked.filter((scope) => !state.perm[scope]);
    if (!point) state.at = undefined;
    calls.onPermissions(state.perm);
  };
  const empty = (): void => {
    show({ t: 'empty' });
    state.shown = false;
    state.picked = undefined;
  };
  const finish = (reason: string): void => {
    calls.drop('ended');
    line?.close();
    line = undefined;
    empty();
    // Whoever never agreed did not stop.
    state.ended = reason === 'citizen' && !agreed ? 'refused' : reason;
    state.online = false;
    state.perm = { ...NOTHING };
  };

  const join = (share: Share): void => {
    state.share = share;
    agreed = false;
    const url = new URL(`/api/v1/assist/helper?share=${encodeURIComponent(share.id)}`, window.location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    line = open({
      url: url.href,
      sid: share.id,
      onFrame,
      onBulk: ({ kind, body }) => {
        const { buffer } = body.slice();
        show({ t: 'bulk', kind, body: buffer }, [buffer]);
      },
      onGap: () => resnap('gap'),
      onState: (online) => {
        state.online = online;
        if (!online) calls.drop('lost');
      },
      onRoundTrip: (milliseconds) => {
        roundTrip = milliseconds;
        state.lag ??= Math.round(milliseconds / 2);
      },
    });
  };
  const leave = (): void => {
    for (const media of ['voice', 'screen'] as const) {
      if (!['idle', 'over'].includes(calls.state[media].phase)) calls.hangUp(media);
    }
    calls.drop();
    line?.close();
    line = undefined;
    waiting = [];
    show({ t: 'empty' });
    Object.assign(state, { ...fresh(), forms: state.forms, pages: state.pages, screen: state.screen });
  };

  const find = async (): Promise<void> => {
    const of = conversation;
    if (of === undefined) return;
    // A server without shared pages has none; neither is one that can't be reached a reason to say so here.
    const { shares, forms, pages, screen } = await api
      .shares(of)
      .catch(() => ({ shares: [], forms: [], pages: [], screen: false }));
    if (conversation !== of || asking) return;
    state.forms = forms;
    state.pages = pages;
    state.screen = screen;
    const running = shares.find((one) => one.state !== 'ended');
    if (!running || (state.share && state.ended === undefined)) return;
    leave();
    join(running);
  };

  return {
    state,
    calls,
    /** Whether there is anything to ask for. */
    offers: (): boolean => state.forms.length + state.pages.length > 0 || state.screen,
    /** Joins what is shared in this conversation, if anything is. */
    async look(of: string | undefined): Promise<void> {
      if (of === conversation) return;
      conversation = of;
      leave();
      await find();
    },
    /** Looks again: a colleague has just asked for something. */
    async lookAgain(): Promise<void> {
      if (asking || (state.share && state.ended === undefined)) return;
      await find();
    },
    /** Throws when it is refused. */
    async ask(purpose: string, form?: string, kind?: ShareKind): Promise<void> {
      const of = conversation;
      if (of === undefined) return;
      asking = true;
      const { share, link } = await api.askShare(of, purpose, form, kind).finally(() => (asking = false));
      if (conversation !== of) return;
      leave();
      state.link = link;
      join(share);
    },
    async end(): Promise<void> {
      const { share } = state;
      if (share && state.ended === undefined) await api.endShare(share.id);
      finish('helper');
    },
    /** The end has been read. */
    dismiss: leave,
    stop(): void {
      conversation = undefined;
      leave();
    },

    request(scope: Scope): void {
      if (send({ t: 'ask', scope }) && !state.asked.includes(scope)) state.asked.push(scope);
    },
    highlight(kind: HighlightKind, text: string): void {
      const { picked } = state;
      if (!picked) return;
      const id = freshId();
      if (!send({ t: 'hl', id, node: picked.node, kind, text, ttl: MARK })) return;
      show({ t: 'mark', id, node: picked.node, text, seconds: MARK });
    },
    clearMarks(): void {
      send({ t: 'hl.clear' });
      show({ t: 'unmark' });
      state.at = undefined;
    },
    addStep(text: string): void {
      if (state.picked) state.steps.push({ node: state.picked.node, text });
    },
    removeStep(at: number): void {
      state.steps.splice(at, 1);
    },
    /** Shows this step to the citizen; past the last one the guidance ends. */
    guide(at: number): void {
      const list = state.steps.map(({ node, text }) => ({ node, text }));
      if (!send({ t: 'steps', id: 'steps', list, at })) return;
      const step = list[at];
      state.at = step ? at : undefined;
      show({ t: 'unmark' });
      if (step) show({ t: 'mark', id: 'steps', node: step.node, text: step.text, seconds: 0 });
      else state.steps = [];
    },
    propose(value: string, purpose: string): void {
      const { picked } = state;
      if (!picked?.field) return;
      const { name, label } = picked.field;
      const id = freshId();
      if (!send({ t: 'fill.propose', id, node: picked.node, value, purpose, expect: { name, label } })) return;
      state.proposals.push({ id, label: label || picked.words, value, result: 'sent' });
    },
    unpick(): void {
      state.picked = undefined;
    },
    resnap: () => resnap('asked'),

    /** The frame that draws is there; what came before it was waits for it. */
    attach(post: (message: ToViewer, transfer?: Transferable[]) => void): void {
      draw = post;
      for (const [message, transfer] of waiting) post(message, transfer);
      waiting = [];
    },
    detach(): void {
      draw = undefined;
    },
    fromViewer(message: FromViewer): void {
      switch (message.t) {
        case 'shown':
          state.shown = true;
          state.wide = message.width > message.height;
          return;
        case 'stale':
          resnap(message.reason);
          return;
        case 'hover':
          if (state.perm.point && state.role === 'owner') send({ t: 'ptr', node: message.node, dx: message.dx, dy: message.dy });
          return;
        case 'picked':
          if (state.role === 'owner') state.picked = message.picked;
          return;
        case 'ready':
        case 'synced':
      }
    },
  };
}
