import { openSocket } from '@yikouwen/shared/socket';
import type { ClientFrame, HelloFrame, ServerFrame } from '@yikouwen/shared/wire';

/** One way of exchanging frames with the server, alive until it ends. */
export interface Carrier {
  /** False when the frame was not taken; the outbox keeps it. */
  send(frame: ClientFrame): boolean;
  probe(): void;
  close(): void;
}

export interface CarrierHooks {
  base: URL;
  token: string;
  fetch: typeof fetch;
  cursor: () => { conversation: string | null; after: number };
  hello: (token: string) => HelloFrame;
  renew: () => Promise<string>;
  onFrame: (frame: ServerFrame) => void;
  /** The server answers, even when it sent no welcome. */
  onUp: () => void;
  onEnd: () => void;
}

const WELCOME_WITHIN = 10_000;

export function carryBySocket(hooks: CarrierHooks): Carrier {
  const url = new URL('socket', hooks.base);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  let renewed = false;

  // Some proxies open the socket and then swallow what goes through it: without a welcome it counts as never opened.
  let watch: ReturnType<typeof setTimeout> | undefined;
  const socket = openSocket<ServerFrame, ClientFrame>({
    url: url.href,
    ping: { t: 'ping' },
    pingEvery: 20_000,
    silence: 45_000,
    openWithin: WELCOME_WITHIN,
    onOpen: () => {
      watch = setTimeout(() => socket.close(), WELCOME_WITHIN);
      socket.send(hooks.hello(hooks.token));
    },
    onFrame: (frame) => {
      if (frame.t === 'welcome') clearTimeout(watch);
      if (frame.t === 'error' && frame.code === 'unauthorized') {
        if (renewed) socket.close();
        else void renew();
      }
      hooks.onFrame(frame);
    },
    onClose: () => {
      clearTimeout(watch);
      hooks.onEnd();
    },
  });

  const renew = async (): Promise<void> => {
    renewed = true;
    try {
      const token = await hooks.renew();
      // When the server has closed meanwhile, the next round uses the new token anyway.
      socket.send(hooks.hello(token));
    } catch {
      socket.close();
    }
  };

  return { send: (frame) => socket.send(frame), probe: () => socket.probe(), close: () => socket.close() };
}
