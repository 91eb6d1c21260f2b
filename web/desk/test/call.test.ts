import type { Peer, PeerOptions } from '@yikouwen/shared/assist/peer';
import type { Call, FromHelper, Media } from '@yikouwen/shared/assist/wire';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { createCallDesk } from '../src/assist/call';

const begin = (media: Media, call = 'c1'): Call => ({ t: 'call', call, media, ice: [], relay_only: false });
const ALLOWED = { view: true, point: false, fill: false, voice: true, screen: true, paused: false };

function desk(microphone: 'there' | 'refused' = 'there') {
  const sent: FromHelper[] = [];
  const track = { enabled: true, stop: vi.fn(), onended: null };
  const getUserMedia = vi.fn(() =>
    microphone === 'there'
      ? Promise.resolve({ getTracks: () => [track] } as unknown as MediaStream)
      : Promise.reject(new DOMException('', 'NotAllowedError')),
  );
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } });
  const peers: (PeerOptions & { closed: boolean; answered: unknown[] })[] = [];
  const made = createCallDesk(
    (frame) => sent.push(frame) > 0,
    (options): Peer => {
      const one = { ...options, closed: false, answered: [] as unknown[] };
      peers.push(one);
      return {
        offer: () => undefined,
        answer: (tracks) => one.answered.push(...tracks),
        take: () => undefined,
        close: () => {
          one.closed = true;
        },
        connection: {} as RTCPeerConnection,
      };
    },
  );
  return { made, sent, track, peers, getUserMedia };
}
afterEach(() => vi.unstubAllGlobals());

describe('calls at the desk', () => {
  it('ask for the own microphone first, and for nothing without it', async () => {
    const { made, sent } = desk('refused');
    await made.ask('voice');
    expect(sent).toEqual([]);
    expect(made.state.voice).toMatchObject({ phase: 'over', why: 'own_microphone' });
  });

  it('go from asking to speaking, mute, and end with the microphone off', async () => {
    const { made, sent, track, peers } = desk();
    await made.ask('voice');
    expect(sent).toEqual([{ t: 'ask', scope: 'voice' }]);
    expect(made.state.voice.phase).toBe('asking');
    made.onFrame(begin('voice'));
    expect(made.state.voice.phase).toBe('connecting');
    expect(peers[0]?.answered).toEqual([track]);
    peers[0]?.onConnected();
    expect(made.state.voice.phase).toBe('connected');
    made.mute();
    expect(track.enabled).toBe(false);
    expect(sent.at(-1)).toMatchObject({ kind: 'mute', on: true, call: 'c1' });
    made.onFrame({ t: 'rtc', call: 'c1', media: 'voice', kind: 'mute', on: true });
    expect(made.state.voice.quiet).toBe(true);
    made.hangUp('voice');
    expect(sent.at(-1)).toMatchObject({ kind: 'bye', why: 'hangup', call: 'c1' });
    expect([track.stop.mock.calls.length, peers[0]?.closed]).toEqual([1, true]);
    expect(made.state.voice).toMatchObject({ phase: 'over', why: undefined });
  });

  it('end when they are no longer allowed, and when the line is gone', () => {
    const { made, peers } = desk();
    made.onFrame(begin('screen'));
    made.onPermissions(ALLOWED);
    expect(peers[0]?.closed).toBe(false);
    made.onPermissions({ ...ALLOWED, screen: false });
    expect(peers[0]?.closed).toBe(true);
    expect(made.state.screen).toMatchObject({ phase: 'over', why: 'lost' });
    made.onFrame(begin('screen', 'c2'));
    made.drop('lost');
    expect(peers[1]?.closed).toBe(true);
  });

  it('say what to do when they fail, and what the citizen’s browser lacks', async () => {
    const { made, sent, peers } = desk();
    await made.ask('voice');
    made.onFrame(begin('voice'));
    peers[0]?.onFailed('relay');
    expect(sent.at(-1)).toMatchObject({ kind: 'bye', why: 'relay' });
    expect(made.state.voice).toMatchObject({ phase: 'over', why: 'relay' });
    await made.ask('screen');
    made.onFrame({ t: 'call.end', media: 'screen', why: 'phone' });
    expect(made.state.screen).toMatchObject({ phase: 'over', why: 'phone' });
    // The end of another call is not the end of this one.
    made.onFrame(begin('screen', 'c3'));
    made.onFrame({ t: 'call.end', media: 'screen', call: 'c2', why: 'hangup' });
    expect(made.state.screen.phase).toBe('connecting');
  });

  it('of a page that was loaded again are ended, for nobody is there to speak', () => {
    const { made, sent } = desk();
    made.onFrame(begin('voice'));
    expect(sent).toEqual([{ t: 'rtc', call: 'c1', media: 'voice', kind: 'bye', why: 'device' }]);
  });
});
