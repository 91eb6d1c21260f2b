/**
 * One side of a call: a connection from browser to browser, and what it says to the other through the gateway. The citizen's
 * side offers and the helper's answers, so two offers never cross.
 */
import type { Call, Signal, Why } from './wire';

/** Without a way to the other after so long there is none. */
const PATIENCE_MS = 20_000;
/** A way that was lost comes back by itself, or a new one is looked for after so long. */
const LOST_MS = 2_500;

export interface PeerOptions {
  call: Call;
  /** Sent through the gateway. */
  say: (signal: Signal) => void;
  onConnected: () => void;
  /** No way was found, or it was lost for good. */
  onFailed: (why: Why) => void;
  /** What the other side sends. */
  onStream?: (stream: MediaStream) => void;
}

export interface Peer {
  /** The citizen's side: begins. */
  offer: (tracks: MediaStreamTrack[]) => void;
  /** The helper's side: answers each offer with these. */
  answer: (tracks: MediaStreamTrack[]) => void;
  take: (signal: Signal) => void;
  close: () => void;
  /** For measuring. */
  connection: RTCPeerConnection;
}

export function createPeer({ call, say, onConnected, onFailed, onStream }: PeerOptions): Peer {
  const { media } = call;
  const id = { t: 'rtc' as const, call: call.call, media };
  const connection = new RTCPeerConnection({
    iceServers: call.ice,
    iceTransportPolicy: call.relay_only ? 'relay' : 'all',
    bundlePolicy: 'max-bundle',
  });
  let offers = false;
  let own: MediaStreamTrack[] = [];
  let connected = false;
  let closed = false;
  let found = 0;
  let refused = false;
  /** Addresses that were found before the other side knows what they are for. */
  let early: Signal[] | undefined = [];
  let lost: number | undefined;
  /** Descriptions take their time; what comes after them waits. */
  let tail: Promise<void> = Promise.resolve();

  const fail = (why: Why): void => {
    if (closed) return;
    close();
    onFailed(why);
  };
  const then = (step: () => Promise<void>): void => {
    tail = tail.then(async () => {
      if (!closed) await step();
    }).catch(() => fail('network'));
  };
  const described = (signal: Signal): void => {
    say(signal);
    for (const one of early ?? []) say(one);
    early = undefined;
  };
  const makeOffer = async (options?: RTCOfferOptions): Promise<void> => {
    await connection.setLocalDescription(await connection.createOffer(options));
    described({ ...id, kind: 'offer', sdp: connection.localDescription?.sdp ?? '' });
  };

  connection.onicecandidate = ({ candidate }) => {
    if (!candidate) {
      // Nothing is to be waited for if the relay is the only way and gave none.
      if (found === 0 && call.relay_only) fail('relay');
      return;
    }
    if (candidate.candidate !== '') found += 1;
    const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate.toJSON();
    const signal: Signal = {
      ...id,
      kind: 'ice',
      candidate: {
        candidate: line ?? '',
        ...(typeof sdpMid === 'string' ? { sdpMid } : {}),
        ...(typeof sdpMLineIndex === 'number' ? { sdpMLineIndex } : {}),
        ...(typeof usernameFragment === 'string' ? { usernameFragment } : {}),
      },
    };
    if (early) early.push(signal);
    else say(signal);
  };
  connection.onicecandidateerror = ({ errorCode }) => {
    // 401 and 403: the relay does not know the password.
    refused ||= errorCode === 401 || errorCode === 403;
  };
  connection.onconnectionstatechange = () => {
    clearTimeout(lost);
    switch (connection.connectionState) {
      case 'connected':
        clearTimeout(patience);
        if (!connected) onConnected();
        connected = true;
        return;
      case 'disconnected':
        lost = window.setTimeout(again, LOST_MS);
        return;
      case 'failed':
        if (connected) again();
        else fail(refused ? 'relay' : 'network');
        return;
      case 'new':
      case 'connecting':
      case 'closed':
    }
  };
  /** Another network, another way: the same call goes on over it. */
  const again = (): void => {
    patience = window.setTimeout(() => fail('network'), PATIENCE_MS);
    if (offers) then(() => makeOffer({ iceRestart: true }));
  };
  connection.ontrack = ({ track, streams }) => onStream?.(streams[0] ?? new MediaStream([track]));
  let patience = window.setTimeout(() => fail(refused ? 'relay' : 'network'), PATIENCE_MS);

  const close = (): void => {
    closed = true;
    clearTimeout(patience);
    clearTimeout(lost);
    for (const track of own) track.stop();
    connection.close();
  };

  return {
    connection,
    offer(tracks) {
      offers = true;
      own = tracks;
      const stream = new MediaStream(tracks);
      for (const track of tracks) {
        connection.addTransceiver(track, { direction: media === 'voice' ? 'sendrecv' : 'sendonly', streams: [stream] });
      }
      then(() => makeOffer());
    },
    answer(tracks) {
      own = tracks;
    },
    take(signal) {
      if (signal.call !== call.call || closed) return;
      if (signal.kind === 'offer' && !offers) {
        then(async () => {
          await connection.setRemoteDescription({ type: 'offer', sdp: signal.sdp });
          for (const [at, transceiver] of connection.getTransceivers().entries()) {
            const track = own[at];
            transceiver.direction = track ? 'sendrecv' : 'recvonly';
            if (track && transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track);
          }
          await connection.setLocalDescription(await connection.createAnswer());
          described({ ...id, kind: 'answer', sdp: connection.localDescription?.sdp ?? '' });
        });
      } else if (signal.kind === 'answer' && offers) {
        then(() => connection.setRemoteDescription({ type: 'answer', sdp: signal.sdp }));
      } else if (signal.kind === 'ice') {
        // One address that is none is no reason to end a call.
        then(() => connection.addIceCandidate(signal.candidate).catch(() => undefined));
      }
    },
    close,
  };
}
