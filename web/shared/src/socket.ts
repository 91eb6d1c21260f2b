/** One WebSocket with JSON frames, a heartbeat, and a watch that notices when the other side has gone silent. */

export interface SocketOptions<In> {
  url: string;
  onOpen: () => void;
  onFrame: (frame: In) => void;
  /** Called once, whatever ended the socket, also when it never opened. */
  onClose: () => void;
  ping: object;
  /** Milliseconds between pings. */
  pingEvery: number;
  /** Milliseconds without any frame after which the socket counts as dead. */
  silence: number;
  /** Milliseconds the socket may take to open. */
  openWithin?: number;
}

export interface LiveSocket<Out> {
  /** False when the socket is not open; the caller keeps the frame. */
  send: (frame: Out) => boolean;
  /** Asks for a sign of life at once, and gives up soon when none comes: for a page that was asleep. */
  probe: () => void;
  close: () => void;
}

const TICK = 5_000;

export function openSocket<In, Out extends object>(options: SocketOptions<In>): LiveSocket<Out> {
  let ended = false;
  let lastFrame = Date.now();
  let lastPing = lastFrame;
  let patience = options.silence;
  const opened = lastFrame;

  let socket: WebSocket | undefined;
  const end = (): void => {
    if (ended) return;
    ended = true;
    clearInterval(timer);
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    }
    options.onClose();
  };
  const send = (frame: object): boolean => {
    if (ended || socket?.readyState !== 1) return false;
    socket.send(JSON.stringify(frame));
    return true;
  };
  const ping = (): void => {
    if (send(options.ping)) lastPing = Date.now();
  };
  const tick = (): void => {
    const now = Date.now();
    if (socket?.readyState === 0) {
      if (now - opened >= (options.openWithin ?? 10_000)) end();
      return;
    }
    // A hidden page's timers run rarely: silence only counts once a ping had its chance to be answered.
    const asked = lastPing > lastFrame && now - lastPing >= TICK;
    if (asked && now - lastFrame >= patience) end();
    else if (now - lastPing >= options.pingEvery) ping();
  };
  const timer = setInterval(tick, TICK);

  try {
    socket = new WebSocket(options.url);
    socket.onopen = () => {
      lastFrame = Date.now();
      lastPing = lastFrame;
      options.onOpen();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      lastFrame = Date.now();
      patience = options.silence;
      if (typeof event.data !== 'string') return;
      let frame: In;
      try {
        frame = JSON.parse(event.data) as In;
      } catch {
        return;
      }
      options.onFrame(frame);
    };
    socket.onclose = end;
    socket.onerror = end;
  } catch {
    // A page's policy may forbid the address; the caller learns it like any other failure, but never inside this call.
    queueMicrotask(end);
  }

  return {
    send,
    probe: () => {
      patience = TICK;
      ping();
    },
    close: end,
  };
}
