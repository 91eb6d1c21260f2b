import type { Permissions, Person, Scope } from '@yikouwen/shared/assist/wire';

import type { CallView } from '../calls';

import { nameOf, type Words } from '../words';
import { button, h } from './dom';

/** `notShowing`: a page that is there to show the desktop, and does not. */
export type BarState = 'waiting' | 'watching' | 'paused' | 'offline' | 'notShowing';

export interface Bar {
  show: (state: BarState, helper: Person | undefined, perm: Permissions, calls: { voice: CallView; screen: CallView }) => void;
  /** How much of the bottom it takes. */
  height: () => number;
  remove: () => void;
}

export interface BarPresses {
  onStop: () => void;
  onPause: (on: boolean) => void;
  onTakeBack: (scope: Exclude<Scope, 'view'>) => void;
  onMute: () => void;
}

/** There for as long as anybody can see the page. */
export function createBar(root: HTMLElement, t: Words, presses: BarPresses): Bar {
  let paused = false;
  const words = h('span');
  const line = h('p', { role: 'status' }, h('span', { class: 'live', 'aria-hidden': 'true' }), words);
  const granted = (scope: 'point' | 'fill', what: string): HTMLButtonElement => {
    const one = button(`${what} ✕`, 'granted', `take-back-${scope}`, () => presses.onTakeBack(scope));
    one.setAttribute('aria-label', t('takeBack', { what }));
    one.hidden = true;
    return one;
  };
  const point = granted('point', t('mayPoint'));
  const fill = granted('fill', t('mayFill'));
  const talk = h('span');
  const mute = button(t('mute'), 'plain', 'call-mute', presses.onMute);
  const voice = h(
    'div',
    { class: 'call', role: 'group', 'data-testid': 'call-voice', hidden: true },
    talk,
    mute,
    button(t('hangUp'), 'stop', 'take-back-voice', () => presses.onTakeBack('voice')),
  );
  const screen = button(t('stopScreen'), 'stop', 'take-back-screen', () => presses.onTakeBack('screen'));
  screen.hidden = true;
  const pause = button(t('pause'), 'plain', 'share-pause', () => presses.onPause(!paused));
  const stop = button(t('stop'), 'stop', 'share-stop', presses.onStop);
  const bar = h(
    'section',
    { class: 'bar', 'aria-label': t('bar'), 'data-testid': 'share-bar' },
    line,
    voice,
    screen,
    point,
    fill,
    pause,
    stop,
  );
  root.append(bar);
  // Whatever lies at the end of the page can still be scrolled above the bar, and the chat on it moves up. A sheet of its own
  // leaves the page's style attributes alone, which a strict policy would have something to say about.
  const room = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, room];
  let taken = 0;
  const makeRoom = (): void => {
    if (bar.offsetHeight === taken) return;
    taken = bar.offsetHeight;
    room.replaceSync(`:root{--yikouwen-below:${taken}px}body{padding-bottom:${taken + 8}px!important}`);
  };
  makeRoom();
  return {
    show(state, helper, perm, calls) {
      ({ paused } = perm);
      bar.dataset['state'] = state;
      const others = (perm.viewers?.length ?? 1) - 1;
      const watching = t('watching', { helper: nameOf(helper, t) }) + (others > 0 ? t('others', { count: others }) : '');
      const shown = calls.screen.on && state !== 'offline';
      bar.dataset['screen'] = calls.screen.on ? 'on' : 'off';
      words.textContent = shown
        ? t(calls.screen.connected ? 'showing' : 'showingSoon', { helper: nameOf(helper, t) })
        : state === 'watching'
          ? watching
          : t(state);
      voice.hidden = !calls.voice.on;
      voice.dataset['state'] = calls.voice.connected ? 'connected' : 'calling';
      voice.classList.toggle('muted', calls.voice.muted);
      talk.textContent = t(calls.voice.muted ? 'talkingMuted' : calls.voice.connected ? 'talking' : 'calling');
      mute.textContent = t(calls.voice.muted ? 'unmute' : 'mute');
      screen.hidden = !calls.screen.on;
      // Two buttons that say nearly the same would be one too many.
      stop.hidden = calls.screen.on && !perm.view;
      pause.textContent = paused ? t('resume') : t('pause');
      pause.hidden = !perm.view;
      point.hidden = !perm.point;
      fill.hidden = !perm.fill;
      makeRoom();
    },
    height: () => bar.offsetHeight,
    remove() {
      bar.remove();
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== room);
    },
  };
}
