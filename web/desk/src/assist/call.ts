/** Calls at the desk: asking for one, answering the citizen's browser, and what is heard and seen. */
import { createPeer, type Peer } from '@yikouwen/shared/assist/peer';
import type { Call, CallEnd, FromHelper, Media, Permissions, Signal } from '@yikouwen/shared/assist/wire';
import { markRaw, reactive } from 'vue';

/** `asking`: the citizen has not answered; `connecting`: allowed, and the two browsers look for each other. */
export type CallPhase = 'idle' | 'asking' | 'connecting' | 'connected' | 'over';

export interface CallState {
  phase: CallPhase;
  /** Why it is over; undefined when somebody hung up. */
  why: string | undefined;
  muted: boolean;
  /** The citizen has muted. */
  quiet: boolean;
  /** What comes in. */
  stream: MediaStream | undefined;
}

export type CallDesk = ReturnType<typeof createCallDesk>;

const fresh = (): CallState => ({ phase: 'idle', why: undefined, muted: false, quiet: false, stream: undefined });
const MEDIA: Media[] = ['voice', 'screen'];

export function createCallDesk(send: (frame: FromHelper) => boolean, connect: typeof createPeer = createPeer) {
  const state = reactive({ voice: fresh(), screen: fresh() });
  const peers = new Map<Media, { peer: Peer; call: string }>();
  /** The last call of each, whose end may be told after it was noticed. */
  const known = new Map<Media, string>();
  let own: MediaStreamTrack[] = [];

  const quit = (media: Media, why?: string): void => {
    peers.get(media)?.peer.close();
    peers.delete(media);
    if (media === 'voice') {
      for (const track of own) track.stop();
      own = [];
    }
    Object.assign(state[media], fresh(), { phase: 'over', why });
  };
  const bye = (media: Media, why: 'hangup' | 'network' | 'relay' | 'device'): void => {
    send({ t: 'rtc', call: peers.get(media)?.call ?? '', media, kind: 'bye', why });
  };
  const begin = (call: Call): void => {
    const { media } = call;
    peers.get(media)?.peer.close();
    const peer = connect({
      call,
      say: (signal) => send(signal),
      onStream: (stream) => {
        state[media].stream = markRaw(stream);
      },
      onConnected: () => {
        state[media].phase = 'connected';
      },
      onFailed: (why) => {
        bye(media, why);
        quit(media, why);
      },
    });
    peers.set(media, { peer, call: call.call });
    known.set(media, call.call);
    peer.answer(media === 'voice' ? own : []);
    Object.assign(state[media], { phase: 'connecting', why: undefined });
  };

  return {
    state,
    async ask(media: Media): Promise<void> {
      if (['asking', 'connecting', 'connected'].includes(state[media].phase)) return;
      if (media === 'voice') {
        // First one's own: a citizen should not be asked for a call that nobody can answer.
        try {
          const constraints = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
          own = (await navigator.mediaDevices.getUserMedia(constraints)).getTracks();
        } catch {
          Object.assign(state.voice, fresh(), { phase: 'over', why: 'own_microphone' });
          return;
        }
        for (const track of own) {
          track.onended = () => {
            bye('voice', 'device');
            quit('voice', 'own_microphone');
          };
        }
      }
      Object.assign(state[media], fresh(), { phase: 'asking' });
      if (!send({ t: 'ask', scope: media })) quit(media, 'lost');
    },
    hangUp(media: Media): void {
      bye(media, 'hangup');
      quit(media);
    },
    mute(): void {
      const on = !state.voice.muted;
      for (const track of own) track.enabled = !on;
      state.voice.muted = on;
      const call = peers.get('voice')?.call;
      if (call !== undefined) send({ t: 'rtc', call, media: 'voice', kind: 'mute', on });
    },
    onFrame(frame: Call | CallEnd | Signal): void {
      const { media } = frame;
      if (frame.t === 'call') {
        // Without a microphone there is nobody to answer, as after this page was loaded again.
        if (media === 'screen' || own.length > 0) begin(frame);
        else send({ t: 'rtc', call: frame.call, media, kind: 'bye', why: 'device' });
      } else if (frame.t === 'call.end') {
        const mine = state[media].phase !== 'asking' && frame.call === known.get(media);
        if (frame.call !== undefined && !mine) return;
        quit(media, frame.why === 'hangup' ? undefined : frame.why);
      } else if (frame.kind === 'mute') state[media].quiet = frame.on;
      else peers.get(media)?.peer.take(frame);
    },
    /** What is not allowed any more is over, even when nobody said so. */
    onPermissions(perm: Permissions): void {
      for (const media of MEDIA) if (!perm[media] && peers.has(media)) quit(media, 'lost');
    },
    refused(why: string): void {
      for (const media of MEDIA) if (state[media].phase === 'asking') quit(media, why);
    },
    /** The line is gone, or the share. */
    drop(why?: string): void {
      for (const media of MEDIA) {
        if (state[media].phase !== 'idle' && state[media].phase !== 'over') quit(media, why);
        else if (why === undefined) Object.assign(state[media], fresh());
      }
    },
    /** For measuring. */
    peers,
  };
}
