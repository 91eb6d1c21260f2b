/** One shared page: what has been allowed, and what follows from it. Nothing is recorded before `view` is allowed. */
import { canDeflate } from '@yikouwen/shared/assist/codec';
import { dotDigits } from '@yikouwen/shared/assist/digits';
import type { FromCitizen, Media, Permissions, Person, Reluctance, Scope, ShareKind, ToCitizen } from '@yikouwen/shared/assist/wire';
import type { OwnPage } from '@yikouwen/shared/sharelink';
import { onWake } from '@yikouwen/shared/wake';

import { pageAddress } from './allow';
import { cannot, createCalls } from './calls';
import { mayShowText } from './fields';
import { follow } from './follow';
import { createLine } from './line';
import { startRecorder, type Recorder } from './recorder';
import { createBar } from './ui/bar';
import { createCards } from './ui/card';
import { createChip, REVEAL_SECONDS } from './ui/chip';
import { askConsent } from './ui/dialog';
import { button, h } from './ui/dom';
import { createMarks } from './ui/marks';
import { createSurface } from './ui/root';
import { words, type Words } from './words';

const DIGEST_MS = 5_000;
const HEALTH_MS = 10_000;
/** How long a sentence about a call stays. */
const TOLD_MS = 12_000;
const NOTHING: Permissions = { view: false, point: false, fill: false, voice: false, screen: false, paused: false };

export interface ShareOptions {
  /** The server's address, with a slash at its end. */
  server: string;
  sid: string;
  token: string;
  /** Which of the citizen's own pages this is; absent for a form. */
  page: OwnPage | undefined;
  /** This page is there for showing the desktop, and is not shown itself. */
  desktop?: boolean;
  /** It was agreed to in this tab before that the page is seen. */
  agreed: boolean;
  onAgreed: () => void;
  /** The share has ended, whoever ended it. */
  onEnd: () => void;
}

export function startShare(options: ShareOptions): { stop: () => void; show: () => void } {
  const { server, sid, token, page, desktop = false, onAgreed, onEnd } = options;
  const t = words();
  if (!canDeflate()) {
    notice(t, t('tooOld'), page);
    onEnd();
    return { stop: () => undefined, show: () => undefined };
  }
  const surface = createSurface();
  let perm: Permissions = { ...NOTHING };
  let { agreed } = options;
  /** What the server says is allowed, as far as it was agreed to here: whoever has the token could have agreed elsewhere. */
  const here = (given: Permissions): Permissions => (agreed ? given : { ...given, view: false, point: false, fill: false });
  let helper: Person | undefined;
  let purpose = '';
  let recorder: Recorder | undefined;
  let unfollow: (() => void) | undefined;
  let online = false;
  let ended = false;
  let asking: { scope: Scope; withdraw: () => void } | undefined;
  const toAsk: Scope[] = [];
  /** The number of the frame with the citizen's last decision: what the server sent before it saw that one is out of date. */
  let decided = 0;
  let told = false;

  const url = new URL('api/v1/assist/citizen', server);
  url.protocol = url.protocol.replace('http', 'ws');
  const line = createLine({
    url: url.href,
    sid,
    token,
    page: () => ({
      url: pageAddress(location.href, page),
      // Before anything is allowed, not even what the page is called.
      title: recorder ? shownTitle() : '',
      viewport: { w: window.innerWidth, h: window.innerHeight },
    }),
    onFrame: (frame) => onFrame(frame),
    onStale: () => takeSnapshot(),
    onState: (now) => {
      online = now;
      draw();
    },
  });

  const bar = createBar(surface.root, t, {
    onStop: () => stop('citizen'),
    onPause: (on) => pause(on),
    onTakeBack: (scope) => takeBack(scope),
    onMute: () => calls.mute(),
  });
  const node = (id: number): Node | null => recorder?.node(id) ?? null;
  const marks = createMarks(surface.root, t, node, bar.height);
  const cards = createCards(surface.root, t, node, bar.height, (id, result) => line.send({ t: 'fill.result', id, result }));
  const chip = createChip(surface.root, t, {
    barHeight: bar.height,
    id: (one) => recorder?.id(one) ?? -1,
    active: () => perm.view && !perm.paused && online,
    onReveal: (id) => {
      line.send({ t: 'reveal', node: id, ttl: REVEAL_SECONDS });
      recorder?.reveal(id, REVEAL_SECONDS * 1000);
    },
  });

  const calls = createCalls({
    root: surface.root,
    say: (signal) => line.send(signal),
    onChange: () => draw(),
    onGone: (media) => takeBack(media),
    onFailed: (media, call, why) => {
      perm = { ...perm, [media]: false };
      decide({ t: 'rtc', call, media, kind: 'bye', why });
      tell(t(`${media}Failed`));
    },
    onOver: (media, why, connected) => {
      perm = { ...perm, [media]: false };
      tell(t(connected || why === 'hangup' || why === 'helper' ? `${media}Over` : `${media}Failed`));
    },
  });
  const tell = (words: string): void => {
    surface.root.querySelector('[data-testid="call-toast"]')?.remove();
    const toast = h(
      'div',
      { class: 'toast plain', role: 'status', 'data-testid': 'call-toast', style: `bottom:${bar.height() + 12}px` },
      h('span', {}, words),
    );
    surface.root.append(toast);
    window.setTimeout(() => toast.remove(), TOLD_MS);
  };

  const draw = (): void => {
    if (ended) return;
    const unseen = desktop ? 'notShowing' : 'waiting';
    const state = !online ? 'offline' : !perm.view ? unseen : perm.paused ? 'paused' : 'watching';
    const shown = state === 'offline' && helper === undefined ? 'waiting' : state;
    bar.show(shown, helper, perm, { voice: calls.view('voice'), screen: calls.view('screen') });
  };

  const takeSnapshot = (): void => {
    if (perm.view && !perm.paused) recorder?.snapshot();
  };
  const beginRecording = (): void => {
    if (recorder) {
      takeSnapshot();
      return;
    }
    recorder = startRecorder({
      ownOrigin: new URL(server).origin === location.origin,
      page,
      onSnapshot: (events) => {
        if (perm.view && !perm.paused) line.snapshot(events);
      },
      onIncrement: (event) => {
        if (perm.view && !perm.paused) line.increment(event);
      },
      onSlow() {
        health();
        stop('slow');
      },
    });
    unfollow = follow(recorder, (frame) => {
      if (perm.view && !perm.paused) line.send(frame);
    });
  };
  const endRecording = (): void => {
    unfollow?.();
    recorder?.stop();
    recorder = undefined;
    unfollow = undefined;
    line.dropBatch();
    marks.clear();
    chip.hide();
  };

  const ask = async (scope: Scope): Promise<void> => {
    if (asking) {
      if (asking.scope !== scope && !toAsk.includes(scope)) toAsk.push(scope);
      return;
    }
    const media = scope === 'voice' || scope === 'screen' ? scope : undefined;
    let got: Promise<Reluctance | undefined> | undefined;
    const { answer, withdraw } = askConsent(surface.root, t, {
      scope,
      page,
      helper,
      purpose,
      onYes: () => {
        got = media && calls.get(media);
      },
    });
    asking = { scope, withdraw };
    const yes = await answer;
    asking = undefined;
    const why = await got;
    if (ended) {
      if (media) calls.end(media);
      return;
    }
    if (media && why) {
      decide({ t: 'revoke', scope, why });
      tell(t(media === 'voice' ? 'noMicrophone' : 'noWindow'));
    } else if (yes) grant(scope);
    else if (scope === 'view') stop('citizen');
    else decide({ t: 'revoke', scope });
    const next = toAsk.shift();
    if (next && !perm[next]) void ask(next);
  };
  const decide = (frame: FromCitizen): void => {
    line.send(frame);
    decided = line.seq();
  };
  const grant = (scope: Scope): void => {
    decide({ t: 'consent', scope });
    perm = { ...perm, [scope]: true };
    if (scope === 'view') {
      agreed = true;
      onAgreed();
      beginRecording();
    }
    draw();
  };
  const takeBack = (scope: Exclude<Scope, 'view'>): void => {
    perm = { ...perm, [scope]: false };
    if (scope === 'voice' || scope === 'screen') {
      calls.end(scope);
      tell(t(`${scope}Over`));
    }
    decide({ t: 'revoke', scope });
    if (scope === 'point') marks.clear();
    else if (scope === 'fill') cards.clear();
    draw();
  };
  /** Ends what is shown for a moment, and says whether there was something. */
  const conceal = (): boolean => {
    chip.forget();
    return recorder?.conceal() ?? false;
  };
  const pause = (on: boolean): void => {
    if (on) line.dropBatch();
    // The picture stops as it is, and must not stop with what was to be seen for a minute.
    const concealed = on && conceal();
    perm = { ...perm, paused: on };
    if (on) {
      marks.clear();
      cards.clear();
    }
    if (concealed) {
      // Whatever the server says before it has heard of this is out of date.
      decided = Number.MAX_SAFE_INTEGER;
      line.afterBatch(() => decide({ t: 'pause', on }));
    } else decide({ t: 'pause', on });
    if (!on) takeSnapshot();
    draw();
  };

  const onFrame = (frame: ToCitizen & { ack?: number }): void => {
    if (ended) return;
    switch (frame.t) {
      case 'welcome': {
        ({ helper, purpose } = frame);
        if (ownPage(frame.kind) !== page) {
          // The link was for another page than this one.
          stop('left');
          return;
        }
        decided = 0;
        perm = here(frame.perm);
        // The room may be a new one that does not know what is shown for a moment, and would show it to everybody.
        conceal();
        if (perm.view) beginRecording();
        else if (recorder) endRecording();
        if (desktop) show();
        else if (!perm.view) void ask('view');
        if (!desktop && frame.kind === 'screen' && !told) {
          // A form was opened where a desktop was asked for.
          told = true;
          decide({ t: 'revoke', scope: 'screen', why: cannot('screen') ?? 'declined' });
        }
        line.send({ t: 'visible', state: document.visibilityState === 'hidden' ? 'hidden' : 'visible' });
        break;
      }
      case 'share.request':
        ({ helper } = frame);
        if (frame.purpose) ({ purpose } = frame);
        request(frame.scope);
        break;
      case 'call':
        calls.begin(frame);
        break;
      case 'call.end':
        // Who does not wait any longer for an answer asks no question.
        if (asking?.scope === frame.media) asking.withdraw();
        calls.over(frame);
        break;
      case 'rtc':
        calls.take(frame);
        break;
      case 'snap.request':
        takeSnapshot();
        break;
      case 'perm': {
        const { view, point, fill, voice, screen, paused, viewers } = frame;
        const current = (frame.ack ?? decided) >= decided;
        perm = { ...(current ? here({ view, point, fill, voice, screen, paused }) : perm), ...(viewers ? { viewers } : {}) };
        if (!perm.point) marks.clear();
        if (!perm.fill) cards.clear();
        if (!perm.view && recorder) endRecording();
        break;
      }
      case 'ptr':
        if (perm.point && !perm.paused) marks.pointer(frame);
        break;
      case 'hl':
        if (perm.point && !perm.paused) marks.highlight(frame);
        break;
      case 'hl.clear':
        marks.clear(frame.id);
        break;
      case 'steps':
        if (perm.point && !perm.paused) marks.steps(frame);
        break;
      case 'fill.propose':
        if (perm.fill && !perm.paused) cards.propose(frame);
        else line.send({ t: 'fill.result', id: frame.id, result: 'denied' });
        break;
      case 'end':
        finish(frame.reason ?? 'helper');
        return;
      case 'ack':
      case 'need':
        return;
    }
    draw();
  };

  const request = (scope: Scope): void => {
    const unable = scope === 'voice' || scope === 'screen' ? cannot(scope) : undefined;
    if (unable) decide({ t: 'revoke', scope, why: unable });
    else if (!perm[scope] && !(desktop && scope !== 'voice' && scope !== 'screen')) void ask(scope);
  };
  const show = (): void => {
    if (!calls.view('screen').on) request('screen');
  };

  const health = (): void => {
    if (recorder) line.send({ t: 'health', long_tasks: recorder.longTasks(), bytes: line.bytes() });
  };
  const timers = [
    window.setInterval(() => {
      const current = recorder;
      if (!current || !perm.view || perm.paused || !online) return;
      line.sendAfterBatch(() => ({ t: 'digest', ...current.digest() }));
      surface.keep();
    }, DIGEST_MS),
    window.setInterval(health, HEALTH_MS),
  ];
  const unwake = onWake(() => line.wake());
  const onVisible = (): void => {
    line.send({ t: 'visible', state: document.visibilityState === 'hidden' ? 'hidden' : 'visible' });
  };
  document.addEventListener('visibilitychange', onVisible);

  const stop = (reason: string): void => {
    if (ended) return;
    if (perm.view) line.send({ t: 'revoke', scope: 'view' });
    line.send({ t: 'end', reason });
    finish(reason);
  };
  const finish = (reason: string): void => {
    if (ended) return;
    cards.clear();
    ended = true;
    for (const media of ['voice', 'screen'] satisfies Media[]) calls.end(media);
    perm = { ...NOTHING };
    endRecording();
    for (const timer of timers) clearInterval(timer);
    unwake();
    document.removeEventListener('visibilitychange', onVisible);
    asking?.withdraw();
    line.close();
    chip.remove();
    marks.remove();
    bar.remove();
    surface.remove();
    notice(t, t(ENDINGS[reason] ?? 'endedGone'), page);
    onEnd();
  };

  draw();
  line.start();
  return { stop: () => stop('left'), show };
}

function ownPage(kind: ShareKind | undefined): OwnPage | undefined {
  return kind === 'chat' || kind === 'me' ? kind : undefined;
}

const ENDINGS: Record<string, 'endedCitizen' | 'endedHelper' | 'endedSlow' | 'endedLeak' | 'endedLarge'> = {
  citizen: 'endedCitizen',
  revoked: 'endedCitizen',
  left: 'endedCitizen',
  helper: 'endedHelper',
  closed: 'endedHelper',
  slow: 'endedSlow',
  leak: 'endedLeak',
  too_large: 'endedLarge',
  too_deep: 'endedLarge',
  too_many_nodes: 'endedLarge',
};

function shownTitle(): string {
  const heading = document.querySelector('h1');
  return heading && mayShowText(heading) ? dotDigits(heading.textContent.trim()).slice(0, 80) : '';
}

/** One sentence at the foot of the page, until it is read; at its head where the foot is what a citizen writes in. */
export function notice(t: Words, text: string, page?: OwnPage): void {
  const place = page === 'chat' ? 'top:12px' : 'bottom:16px';
  const surface = createSurface();
  const close = button(t('close'), 'plain', 'notice-close', () => surface.remove());
  surface.root.append(
    h('div', { class: 'toast plain', role: 'status', 'data-testid': 'share-notice', style: place }, h('span', {}, text), close),
  );
  window.setTimeout(() => surface.remove(), 20_000);
}
