/** A helper without a desk: what a desk does to have a form shared, over the same interface. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';

import { WebSocket } from 'ws';

import { PASSWORD } from './server';

const SECRET = 'a-secret-of-the-kiosk';
/** What the server has to be told of the kiosk. */
export const KIOSK = `[channels.kiosk]\ntype = "http"\nsecret = "${SECRET}"\n`;

export interface Frame {
  t: string;
  seq?: number;
  ack?: number;
  [member: string]: unknown;
}

/** The share, as the page of its form needs it. */
export interface Opened {
  sid: string;
  token: string;
}

async function json(answer: Response): Promise<Record<string, unknown>> {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** A proposal every two seconds is the most that a page is sent. */
const PROPOSALS = 2_050;

/** The headers by which the kiosk's requests are known. */
function signed(content: string): Record<string, string> {
  const at = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', SECRET).update(`${at}.${content}`).digest('hex');
  return { 'x-yikouwen-timestamp': at, 'x-yikouwen-signature': `sha256=${signature}` };
}

export class Guide {
  /** What was refused by the server. */
  readonly denied: Frame[] = [];
  private socket: WebSocket | undefined;
  private epoch = 0;
  private seq = 0;
  private proposed = 0;
  /** Frames go one after the other, though proposals have to wait. */
  private queue = Promise.resolve();

  private constructor(
    private readonly url: string,
    private readonly cookie: string,
    readonly conversation: string,
    readonly sid: string,
    /** What the citizen is sent. */
    readonly link: string,
  ) {}

  /**
   * Serves a citizen of the website, or of a kiosk (see `KIOSK`), which cannot say who opens a link, or whoever asks for a person in
   * another way; and asks to see the form.
   */
  static async serve(url: string, purpose: string, channel: 'web' | 'kiosk' | (() => Promise<void>) = 'web', kind = 'form'): Promise<Guide> {
    const post = (path: string, body: object, headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
    if (typeof channel === 'function') {
      await channel();
    } else if (channel === 'kiosk') {
      const body = { id: '1', citizen: 'kiosk-7', at: new Date().toISOString(), human: true };
      await json(await post('/channels/kiosk/messages', body, signed(JSON.stringify(body))));
    } else {
      const { token } = await json(await post('/channels/web/session', {}, {}));
      await json(await post('/channels/web/events', { t: 'say', id: 'h', text: '转人工' }, { authorization: `Bearer ${String(token)}` }));
    }
    const login = await post('/api/v1/desk/login', { name: '小王', password: PASSWORD }, {});
    await json(login.clone());
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    let conversation: string | undefined;
    for (let time = 0; conversation === undefined; time += 1) {
      if (time > 100) throw new Error('nobody is in the queue');
      await new Promise((done) => setTimeout(done, 50));
      const { queue } = await json(await fetch(`${url}/api/v1/desk/queue`, { headers: { cookie } }));
      conversation = (queue as { conversation: string }[])[0]?.conversation;
    }
    const place = `/api/v1/desk/conversations/${conversation}`;
    await json(await post(`${place}/claim`, {}, { cookie }));
    const begun = await json(await post(`${place}/shares`, { purpose, kind }, { cookie }));
    return new Guide(url, cookie, conversation, (begun['share'] as { id: string }).id, String(begun['link']));
  }

  /** Uses the link up, in the citizen's place. */
  async open(): Promise<Opened> {
    const key = /#k=([\w-]+)/.exec(this.link)?.[1];
    const body = JSON.stringify({ id: this.sid, key });
    const answer = await fetch(`${this.url}/api/v1/assist/open`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    return { sid: this.sid, token: String((await json(answer))['token']) };
  }

  /** The six digits that were sent to the citizen of the kiosk, and that the desk does not show. */
  async code(): Promise<string> {
    const query = 'citizen=kiosk-7&after=0';
    const headers = signed(query);
    const thread = await fetch(`${this.url}/channels/kiosk/thread?${query}`, { headers });
    return /数字：(\d{6})/.exec(JSON.stringify(await json(thread)))?.[1] ?? '';
  }

  /** Looks at the form. */
  async look(): Promise<void> {
    const at = `${this.url.replace('http', 'ws')}/api/v1/assist/helper?share=${this.sid}`;
    const socket = new WebSocket(at, { headers: { cookie: this.cookie, origin: this.url } });
    this.socket = socket;
    socket.on('message', (data: Buffer, binary) => {
      if (binary) return;
      const frame = JSON.parse(data.toString()) as Frame;
      if (frame.t === 'denied') this.denied.push(frame);
      if (frame.t === 'welcome') {
        this.epoch = Number(frame['epoch']);
        this.seq = 0;
      }
    });
    await once(socket, 'open');
  }

  say(frame: Frame): void {
    this.queue = this.queue.then(async () => {
      if (frame.t === 'fill.propose') {
        const wait = this.proposed + PROPOSALS - Date.now();
        if (wait > 0) await new Promise((done) => setTimeout(done, wait));
        this.proposed = Date.now();
      }
      this.seq += 1;
      this.socket?.send(JSON.stringify({ v: 1, sid: this.sid, epoch: this.epoch, seq: this.seq, ack: 0, ts: Date.now(), ...frame }));
    });
  }
  /** Why the server refused a proposal. */
  why(id: string): unknown {
    return this.denied.find((frame) => frame['id'] === id)?.['why'];
  }

  leave(): void {
    this.socket?.terminate();
  }
}
