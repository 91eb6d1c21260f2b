/** One shared page: what has been allowed, and what follows from it. Nothing is recorded before `view` is allowed. */
import { canDeflate } from '@yikouwen/shared/assist/codec';
import { dotDigits } from '@yikouwen/shared/assist/digits';
import { skeleton } from '@yikouwen/shared/assist/skeleton';
import type { FromCitizen, Permissions, Person, Scope, ToCitizen } from '@yikouwen/shared/assist/wire';
import { onWake } from '@yikouwen/shared/wake';

import { pageAddress } from './allow';
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
import { watch, type Watchdog } from './watchdog';
import { words, type Words } from './words';

const DIGEST_MS = 5_000;
const HEALTH_MS = 10_000;

export interface ShareOptions {
  /** The server's address, with a slash at its end. */
  server: string;
  sid: string;
  token: string;
  /** The share has ended, whoever ended it. */
  onEnd: () => void;
}

export function startShare({ server, sid, token, onEnd }: ShareOptions): { stop: () => void } {
  const t = words();
  if (!canDeflate()) {
    notice(t, t('tooOld'));
    onEnd();
    return { stop: () => undefined };
  }
  const surface = createSurface();
  let perm: Permissions = { view: false, point: false, fill: false, paused: false };
  let helper: Person | undefined;
  let purpose = '';
  let recorder: Recorder | undefined;
  let watchdog: Watchdog | undefined;
  let unfollow: (() => void) | undefined;
  let online = false;
  let ended = false;
  let asking: { scope: Scope; withdraw: () => void } | undefined;
  const toAsk: Scope[] = [];
  /** The number of the frame with the citizen's last decision: what the server sent before it saw that one is out of date. */
  let decided = 0;

  const url = new URL('api/v1/assist/citizen', server);
  url.protocol = url.protocol.replace('http', 'ws');
  const line = createLine({
    url: url.href,
    sid,
    token,
    page: () => ({
      url: pageAddress(location.href),
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

  const draw = (): void => {
    const state = !online ? 'offline' : !perm.view ? 'waiting' : perm.paused ? 'paused' : 'watching';
    bar.show(state === 'offline' && helper === undefined ? 'waiting' : state, helper, perm);
  };

  const takeSnapshot = (): void => {
    if (perm.view && !perm.paused) recorder?.snapshot();
  };
  const beginRecording = (): void => {
    if (recorder) {
      takeSnapshot();
      return;
    }
    watchdog = watch(() => {
      health();
      stop('slow');
    });
    recorder = startRecorder({
      ownOrigin: new URL(server).origin === location.origin,
      onSnapshot: (events) => {
        if (perm.view && !perm.paused) line.snapshot(events);
      },
      onIncrement: (event) => {
        if (perm.view && !perm.paused) line.increment(event);
      },
    });
    unfollow = follow(recorder, (frame) => {
      if (perm.view && !perm.paused) line.send(frame);
    });
  };
  const endRecording = (): void => {
    unfollow?.();
    watchdog?.stop();
    recorder?.stop();
    recorder = undefined;
    unfollow = undefined;
    watchdog = undefined;
    line.dropBatch();
    marks.clear();
    chip.hide();
  };

  const ask = async (scope: Scope): Promise<void> => {
    if (asking) {
      if (asking.scope !== scope && !toAsk.includes(scope)) toAsk.push(scope);
      return;
    }
    const { answer, withdraw } = askConsent(surface.root, t, { scope, helper, purpose });
    asking = { scope, withdraw };
    const yes = await answer;
    asking = undefined;
    if (ended) return;
    if (yes) grant(scope);
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
    if (scope === 'view') beginRecording();
    draw();
  };
  const takeBack = (scope: 'point' | 'fill'): void => {
    perm = { ...perm, [scope]: false };
    decide({ t: 'revoke', scope });
    if (scope === 'point') marks.clear();
    else cards.clear();
    draw();
  };
  const pause = (on: boolean): void => {
    perm = { ...perm, paused: on };
    if (on) {
      line.dropBatch();
      marks.clear();
      cards.clear();
    }
    decide({ t: 'pause', on });
    if (!on) takeSnapshot();
    draw();
  };

  const onFrame = (frame: ToCitizen & { ack?: number }): void => {
    if (ended) return;
    switch (frame.t) {
      case 'welcome': {
        ({ helper, purpose } = frame);
        decided = 0;
        perm = { ...frame.perm };
        if (perm.view) beginRecording();
        else if (recorder) endRecording();
        if (!perm.view) void ask('view');
        line.send({ t: 'visible', state: document.visibilityState === 'hidden' ? 'hidden' : 'visible' });
        break;
      }
      case 'share.request':
        ({ helper } = frame);
        if (frame.purpose) ({ purpose } = frame);
        if (!perm[frame.scope]) void ask(frame.scope);
        break;
      case 'snap.request':
        takeSnapshot();
        break;
      case 'perm': {
        const { view, point, fill, paused, viewers } = frame;
        const current = (frame.ack ?? decided) >= decided;
        perm = { ...(current ? { view, point, fill, paused } : perm), ...(viewers ? { viewers } : {}) };
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

  const health = (): void => {
    if (recorder) line.send({ t: 'health', long_tasks: watchdog?.count() ?? 0, bytes: line.bytes() });
  };
  const timers = [
    window.setInterval(() => {
      const current = recorder;
      if (!current || !perm.view || perm.paused || !online) return;
      line.sendAfterBatch(() => ({ t: 'digest', ...skeleton(document, { getId: current.id }) }));
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
    perm = { view: false, point: false, fill: false, paused: false };
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
    notice(t, t(ENDINGS[reason] ?? 'endedGone'));
    onEnd();
  };

  draw();
  line.start();
  return { stop: () => stop('left') };
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

/** One sentence at the foot of the page, until it is read. */
export function notice(t: Words, text: string): void {
  const surface = createSurface();
  const close = button(t('close'), 'plain', 'notice-close', () => surface.remove());
  surface.root.append(
    h('div', { class: 'toast plain', role: 'status', 'data-testid': 'share-notice', style: 'bottom:16px' }, h('span', {}, text), close),
  );
  window.setTimeout(() => surface.remove(), 20_000);
}
