/**
 * A tap on the lines between browsers and the server. All goes through it to the real server, and it keeps every frame of
 * a shared page that passes, so that a test can look at the wire itself, spoil it, or put something on it.
 */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { extname } from 'node:path';
import { inflateRawSync } from 'node:zlib';

import { WebSocket, WebSocketServer } from 'ws';

import { Guide, type Frame, type Opened } from './guide';
import { Numbers } from './numbers';
import { Server } from './server';

export type { Frame } from './guide';
export const PURPOSE = '帮您填写企业设立登记表';

export interface Wire {
  /** As it went over the line, inflated where it was not text. */
  text: string;
  bytes: number;
  kind: 'text' | 'snap' | 'inc';
  at: number;
}
/** Lost, come twice, overtaken by the next, or lost without a gap in the numbers. */
export type Spoil = 'drop' | 'double' | 'swap' | 'silent';

const TYPES: Record<string, string> = { '.css': 'text/css; charset=utf-8' };
/** Bytes before the body of a binary frame: its kind, epoch and number. */
const HEADER = 9;
const SEQ = 5;

interface Viewer {
  socket: WebSocket;
  numbers: Numbers;
  envelope: { sid: string; epoch: number };
  held: Buffer | undefined;
}

export class Tap {
  /** All that has come from the citizen's page. */
  readonly wire: Wire[] = [];
  /** What it said, each number once. */
  readonly fromCitizen: Frame[] = [];
  /** What the page was last told to be allowed. */
  perm = { view: false, point: false, fill: false, paused: false };
  epoch = 0;
  /** How often a link was used. */
  opened = 0;
  /** What is done to the next changes of a page on their way to the viewers. */
  spoil: Spoil[] = [];
  guide: Guide | undefined;
  /** How long each frame of a shared page is on its way, in ms: half a round trip. */
  delay = 0;
  private share: Opened | undefined;
  private real: Server | undefined;
  private readonly pages = new Map<string, string>();
  private readonly viewers = new Set<Viewer>();
  private citizen: WebSocket | undefined;
  private citizenSeen = 0;
  private readonly citizenNumbers = new Numbers();
  private readonly http: HttpServer;
  private readonly sockets = new WebSocketServer({ noServer: true });

  private constructor() {
    this.http = createServer((incoming, answer) => this.answer(incoming, answer));
    this.http.on('upgrade', (incoming, socket: Socket, head) => this.upgrade(incoming, socket, head));
  }

  /** With a server of its own behind it; `more` is put below the server's settings. */
  static async open(more = ''): Promise<Tap> {
    const tap = new Tap();
    tap.http.listen(0, '127.0.0.1');
    await once(tap.http, 'listening');
    tap.real = await Server.start(() => `[server]\npublic_url = "${tap.url}"\n${more}`);
    tap.real.addHelper('小王');
    tap.real.addHelper('小李', 'supervisor');
    return tap;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }
  get server(): Server {
    if (!this.real) throw new Error('the server is not there');
    return this.real;
  }

  /** A helper has asked, and the link is opened: what follows begins at a form, or at one of the citizen's own pages. */
  async begin(kind: 'form' | 'chat' | 'me' = 'form'): Promise<void> {
    this.guide = await Guide.serve(this.server.url, PURPOSE, 'web', kind);
    this.share = await this.guide.open();
    await this.guide.look();
  }
  /** What stands behind the address of a form. */
  get fragment(): string {
    if (!this.share) throw new Error('no share was begun');
    return `share=${this.share.sid}.${this.share.token}`;
  }
  get formUrl(): string {
    return `${this.url}/forms/enterprise#${this.fragment}`;
  }

  /** Serves this at an address of a page that is not ours. */
  page(path: string, html: string): string {
    this.pages.set(path, html);
    return `${this.url}${path}#${this.fragment}`;
  }

  async close(): Promise<void> {
    this.guide?.leave();
    for (const { socket } of this.viewers) socket.terminate();
    this.citizen?.terminate();
    this.sockets.close();
    this.http.closeAllConnections();
    this.http.close();
    await this.real?.stop();
  }

  /** The helper asks, points or proposes. */
  say(frame: Frame): void {
    if (!this.guide) throw new Error('no helper looks');
    this.guide.say(frame);
  }
  /** As if the server itself had let this through. */
  forge(frame: Frame): void {
    const envelope = { v: 1, sid: this.share?.sid, epoch: this.epoch, seq: this.citizenNumbers.more(), ack: this.citizenSeen, ts: Date.now() };
    this.citizen?.send(JSON.stringify({ ...envelope, ...frame }));
  }
  /** Puts a binary frame on the lines to the viewers, as if the server had let it through. */
  bulkToViewers(kind: number, body: Buffer): void {
    for (const { socket, numbers, envelope } of this.viewers) {
      const head = Buffer.alloc(HEADER);
      head.writeUInt8(kind, 0);
      head.writeUInt32BE(envelope.epoch, 1);
      head.writeUInt32BE(numbers.more(), SEQ);
      socket.send(Buffer.concat([head, body]));
    }
  }
  /** Cuts the citizen's line. */
  cut(): void {
    this.citizen?.terminate();
  }
  /** Cuts the lines of all who look. */
  cutViewers(): void {
    for (const { socket } of this.viewers) socket.terminate();
  }

  /** The number of the latest node whose recorded attributes hold this one, over all snapshots and changes. */
  nodeOf(attribute: string, value: string): number {
    let found = 0;
    const look = (one: unknown): void => {
      if (typeof one !== 'object' || one === null) return;
      const node = one as { id?: number; attributes?: Record<string, unknown> };
      if (node.attributes?.[attribute] === value && typeof node.id === 'number') found = node.id;
      for (const part of Object.values(one)) look(part);
    };
    for (const { kind, text } of this.wire) if (kind !== 'text') look(JSON.parse(text));
    if (found === 0) throw new Error(`no node with ${attribute}=${value} was recorded`);
    return found;
  }
  results(id: string): unknown[] {
    return this.fromCitizen.filter((frame) => frame.t === 'fill.result' && frame['id'] === id).map((frame) => frame['result']);
  }

  private answer(incoming: IncomingMessage, answer: ServerResponse): void {
    const { pathname } = new URL(incoming.url ?? '/', this.url);
    const page = this.pages.get(pathname);
    if (page !== undefined) {
      const type = TYPES[extname(pathname)] ?? 'text/html; charset=utf-8';
      answer.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(page);
      return;
    }
    const { hostname, port } = new URL(this.server.url);
    const on = request({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers }, (reply) => {
      if (pathname === '/api/v1/assist/open' && reply.statusCode === 200) this.opened += 1;
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    on.on('error', () => answer.writeHead(502).end());
    incoming.pipe(on);
  }

  private upgrade(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    const { pathname } = new URL(incoming.url ?? '/', this.url);
    if (/^\/api\/v1\/assist\/(citizen|helper)$/.test(pathname)) {
      this.sockets.handleUpgrade(incoming, socket, head, (near) => {
        const { host, cookie, origin } = incoming.headers;
        const headers = Object.fromEntries(Object.entries({ host, cookie, origin }).filter(([, value]) => value !== undefined));
        const far = new WebSocket(`${this.server.url.replace('http', 'ws')}${incoming.url ?? ''}`, { headers });
        this.join(near, far, pathname.endsWith('citizen') ? this.citizenLine(near) : this.viewerLine(near));
      });
      return;
    }
    const { hostname, port } = new URL(this.server.url);
    const on = connect(Number(port), hostname, () => {
      const headers = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${String(value)}`);
      on.write(`GET ${incoming.url ?? '/'} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      on.write(head);
      on.pipe(socket).pipe(on);
    });
    on.on('error', () => socket.destroy());
    socket.on('error', () => on.destroy());
  }

  private join(near: WebSocket, far: WebSocket, line: { up: (data: Buffer, binary: boolean) => Buffer | string; down: (data: Buffer, binary: boolean) => (Buffer | string)[] }): void {
    const early: (Buffer | string)[] = [];
    // Timers of the same length end in the order in which they began.
    const later = (then: () => void): void => {
      if (this.delay > 0) setTimeout(then, this.delay);
      else then();
    };
    near.on('message', (data: Buffer, binary) => {
      const frame = line.up(data, binary);
      later(() => {
        if (far.readyState === WebSocket.OPEN) far.send(frame);
        else early.push(frame);
      });
    });
    far.on('open', () => early.splice(0).forEach((frame) => far.send(frame)));
    far.on('message', (data: Buffer, binary) => {
      const frames = line.down(data, binary);
      later(() => frames.forEach((frame) => near.send(frame)));
    });
    far.on('close', (code) => near.close(code === 1006 || code === 1005 ? 1000 : code));
    far.on('unexpected-response', () => near.close(1008));
    far.on('error', () => near.terminate());
    near.on('close', () => far.terminate());
  }

  private citizenLine(socket: WebSocket): Parameters<Tap['join']>[2] {
    this.citizen = socket;
    return {
      up: (data, binary) => {
        if (binary) {
          const kind = data.readUInt8(0) === 1 ? 'snap' : 'inc';
          this.wire.push({ text: inflateRawSync(data.subarray(HEADER)).toString(), bytes: data.length, kind, at: Date.now() });
          return data;
        }
        const text = data.toString();
        this.wire.push({ text, bytes: text.length, kind: 'text', at: Date.now() });
        const frame = JSON.parse(text) as Frame;
        const { seq = 0, ack = 0 } = frame;
        if (frame.t !== 'hello' && !this.fromCitizen.some((one) => one['epoch'] === frame['epoch'] && one.seq === seq)) this.fromCitizen.push(frame);
        if (frame.t === 'need') frame['from'] = this.citizenNumbers.sent(Number(frame['from']) - 1) + 1;
        if (typeof frame['last_seq'] === 'number') frame['last_seq'] = this.citizenNumbers.sent(frame['last_seq']);
        return JSON.stringify({ ...frame, ack: this.citizenNumbers.sent(ack) });
      },
      down: (data) => {
        const frame = JSON.parse(data.toString()) as Frame;
        if (frame.t === 'welcome' && Number(frame['epoch']) !== this.epoch) {
          this.epoch = Number(frame['epoch']);
          this.citizenNumbers.restart();
        }
        const perm = frame.t === 'welcome' ? frame['perm'] : frame.t === 'perm' ? frame : undefined;
        if (perm !== undefined) this.perm = perm as Tap['perm'];
        this.citizenSeen = Math.max(this.citizenSeen, frame.ack ?? 0);
        return [JSON.stringify({ ...frame, seq: this.citizenNumbers.heard(frame.seq ?? 0) })];
      },
    };
  }

  private viewerLine(socket: WebSocket): Parameters<Tap['join']>[2] {
    const viewer: Viewer = { socket, numbers: new Numbers(), envelope: { sid: '', epoch: 0 }, held: undefined };
    this.viewers.add(viewer);
    socket.on('close', () => this.viewers.delete(viewer));
    return {
      up: (data) => {
        const frame = JSON.parse(data.toString()) as Frame;
        if (frame.t === 'need') frame['from'] = viewer.numbers.sent(Number(frame['from']) - 1) + 1;
        return JSON.stringify({ ...frame, ack: viewer.numbers.sent(frame.ack ?? 0) });
      },
      down: (data, binary) => {
        if (binary) return this.spoilt(viewer, data);
        const frame = JSON.parse(data.toString()) as Frame;
        if (frame.t === 'welcome') {
          viewer.numbers.restart();
          viewer.envelope = { sid: String(frame['sid']), epoch: Number(frame['epoch']) };
        }
        if (frame.t === 'digest') frame['at_seq'] = viewer.numbers.heard(Number(frame['at_seq']));
        return [JSON.stringify({ ...frame, seq: viewer.numbers.heard(frame.seq ?? 0) })];
      },
    };
  }

  /** A frame too few, too many or too late, with the number it would have had. */
  private spoilt(viewer: Viewer, data: Buffer): Buffer[] {
    const sent = data.readUInt32BE(SEQ);
    const spoil = data.readUInt8(0) === 2 && viewer.held === undefined ? this.spoil.shift() : undefined;
    if (spoil === 'silent') {
      viewer.numbers.take(sent);
      return [];
    }
    const frame = Buffer.from(data);
    frame.writeUInt32BE(viewer.numbers.heard(sent), SEQ);
    const { held } = viewer;
    viewer.held = undefined;
    switch (spoil) {
      case 'drop':
        return [];
      case 'double':
        return [frame, frame];
      case 'swap':
        viewer.held = frame;
        return [];
      default:
        return held ? [frame, held] : [frame];
    }
  }
}
