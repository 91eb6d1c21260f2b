/**
 * Speaking with the helper, and showing them the desktop. The microphone or the window is got in the very press that allows
 * it, and let go in the very press that takes it back: what the server hears of it comes after.
 */
import { createPeer, type Peer } from '@yikouwen/shared/assist/peer';
import type { Call, CallEnd, Media, Reluctance, Signal, Why } from '@yikouwen/shared/assist/wire';

/** How long a microphone is held for a call that does not begin. */
const BEGIN_MS = 15_000;

export interface CallView {
  on: boolean;
  connected: boolean;
  muted: boolean;
}

export interface Calls {
  view: (media: Media) => CallView;
  /** Gets the microphone or a window; to be called in the press itself. Says why there is none. */
  get: (media: Media) => Promise<Reluctance | undefined>;
  begin: (call: Call) => void;
  take: (signal: Signal) => void;
  over: (end: CallEnd) => void;
  /** Lets go at once, and tells nobody. */
  end: (media: Media) => void;
  mute: () => void;
}

export interface CallsOptions {
  root: HTMLElement;
  say: (signal: Signal) => void;
  onChange: () => void;
  /** The browser's own bar, or pulling the plug, has ended it. */
  onGone: (media: Media) => void;
  onFailed: (media: Media, call: string, why: Why) => void;
  onOver: (media: Media, why: string, connected: boolean) => void;
}

interface Held {
  tracks: MediaStreamTrack[];
  timer: number;
  peer?: Peer;
  call?: string;
  connected: boolean;
  audio?: HTMLAudioElement;
}

/** Why this browser can't, without asking anybody. */
export function cannot(media: Media): Reluctance | undefined {
  const { userAgent, maxTouchPoints } = navigator;
  // An iPad says that it is a Mac.
  const phone = /Android|iPhone|iPad|Mobi|HarmonyOS/i.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
  if (media === 'screen' && phone) return 'phone';
  const devices = navigator.mediaDevices as Partial<MediaDevices> | undefined;
  const there = media === 'voice' ? devices?.getUserMedia : devices?.getDisplayMedia;
  return there && typeof RTCPeerConnection === 'function' ? undefined : 'unsupported';
}

export function createCalls({ root, say, onChange, onGone, onFailed, onOver }: CallsOptions): Calls {
  const held = new Map<Media, Held>();

  const end = (media: Media): void => {
    const one = held.get(media);
    if (!one) return;
    held.delete(media);
    clearTimeout(one.timer);
    for (const track of one.tracks) {
      track.onended = null;
      track.stop();
    }
    one.peer?.close();
    one.audio?.remove();
    onChange();
  };
  const hear = (one: Held, stream: MediaStream): void => {
    one.audio?.remove();
    const audio = document.createElement('audio');
    audio.autoplay = true;
    audio.srcObject = stream;
    audio.dataset['testid'] = 'call-audio';
    one.audio = audio;
    root.append(audio);
    audio.play().catch(() => undefined);
  };

  return {
    view(media) {
      const one = held.get(media);
      return { on: one !== undefined, connected: one?.connected ?? false, muted: one?.tracks[0]?.enabled === false };
    },
    async get(media) {
      const unable = cannot(media);
      if (unable) return unable;
      end(media);
      let stream: MediaStream;
      try {
        stream = await (media === 'voice'
          ? navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } })
          : navigator.mediaDevices.getDisplayMedia(DESKTOP));
      } catch (error) {
        const name = error instanceof DOMException ? error.name : '';
        // Who closes the browser's list of windows has thought better of it.
        if (name === 'NotAllowedError') return media === 'voice' ? 'blocked' : 'declined';
        return name === 'TypeError' ? 'unsupported' : 'missing';
      }
      const tracks = stream.getTracks();
      const one: Held = {
        tracks,
        connected: false,
        timer: window.setTimeout(() => {
          end(media);
          onOver(media, 'network', false);
        }, BEGIN_MS),
      };
      for (const track of tracks) track.onended = () => onGone(media);
      held.set(media, one);
      onChange();
      return undefined;
    },
    begin(call) {
      const { media } = call;
      const one = held.get(media);
      if (!one || one.peer) {
        // Whoever let go in the meantime has said so already.
        return;
      }
      clearTimeout(one.timer);
      one.call = call.call;
      one.peer = createPeer({
        call,
        say,
        onStream: (stream) => {
          if (media === 'voice') hear(one, stream);
        },
        onConnected: () => {
          one.connected = true;
          say({ t: 'rtc', call: call.call, media, kind: 'up' });
          onChange();
        },
        onFailed: (why) => {
          end(media);
          onFailed(media, call.call, why);
        },
      });
      one.peer.offer(one.tracks);
      onChange();
    },
    take(signal) {
      if (signal.kind !== 'mute') held.get(signal.media)?.peer?.take(signal);
    },
    over({ media, call, why }) {
      const one = held.get(media);
      if (!one || (call !== undefined && one.call !== undefined && call !== one.call)) return;
      end(media);
      onOver(media, why, one.connected);
    },
    end,
    mute() {
      const one = held.get('voice');
      const on = one?.tracks[0]?.enabled === true;
      for (const track of one?.tracks ?? []) track.enabled = !on;
      if (one?.call !== undefined) say({ t: 'rtc', call: one.call, media: 'voice', kind: 'mute', on });
      onChange();
    },
  };
}

/** One window is offered first, and this page last: a picture of a picture is of no use. No sound goes along. */
const DESKTOP: DisplayMediaStreamOptions & Record<string, unknown> = {
  video: { displaySurface: 'window', frameRate: { max: 15 } },
  audio: false,
  selfBrowserSurface: 'exclude',
  surfaceSwitching: 'include',
};
