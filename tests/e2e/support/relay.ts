/**
 * Stands where the server's relay of shared pages will: hands frames on and keeps every one that passed, so that a test can
 * look at the wire itself, spoil it, or speak in a helper's place. It serves the built web parts, and everything it does not
 * know goes to the real server behind it.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { extname, join, resolve } from 'node:path';
import { inflateRawSync } from 'node:zlib';

import { WebSocketServer, type WebSocket } from 'ws';

const dist = resolve(import.meta.dirname, '../../../web/dist');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const VIEWER_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "frame-src 'self' about:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";
const PAGE_POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; " +
  "font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

export const SID = 'SIDSIDSIDSIDSIDSIDSIDS';
export const KEY = 'KEYKEYKEYKEYKEYKEYKEYK';
export const TOKEN = 'TOKTOKTOKTOKTOKTOKTOKT';
export const HELPER = { no: '8', name: '小王' };

export interface Frame {
  t: string;
  seq?: number;
  ack?: number;
  [member: string]: unknown;
}
export interface Wire {
  /** As it went over the line, inflated where it was not text. */
  text: string;
  bytes: number;
  kind: 'text' | 'snap' | 'inc';
  at: number;
}
/** Lost, come twice, overtaken by the next, or lost without a gap in the numbers. */
export type Spoil = 'drop' | 'double' | 'swap' | 'silent';
type Bulk = { kind: number; epoch: number; body: Buffer };

interface Viewer {
  socket: WebSocket;
  seq: number;
  name: string;
  owner: boolean;
}

export class Relay {
  /** All that has come from the citizen's page. */
  readonly wire: Wire[] = [];
  readonly fromCitizen: Frame[] = [];
  readonly fromHelpers: Frame[] = [];
  purpose = '帮您填写企业设立登记表';
  perm = { view: false, point: false, fill: false, paused: false };
  epoch = 0;
  /** Whether a share has been asked for; set for tests that begin at the form. */
  asked = false;
  code: string | undefined;
  opened = 0;
  /** What is done to the next binary frames on their way to the viewers. */
  spoil: Spoil[] = [];
  private held: Bulk | undefined;
  private readonly pages = new Map<string, string>();
  private readonly viewers = new Set<Viewer>();
  private citizen: WebSocket | undefined;
  private citizenSeen = 0;
  private citizenSeq = 0;
  private snap: Bulk | undefined;
  private tail: Bulk[] = [];
  private ended: string | undefined;
  private readonly http: HttpServer;
  private readonly sockets = new WebSocketServer({ noServer: true });

  private constructor(private readonly behind: string | undefined) {
    this.http = createServer((incoming, answer) => void this.answer(incoming, answer));
    this.http.on('upgrade', (incoming, socket: Socket, head) => this.upgrade(incoming, socket, head));
  }

  static async listen(behind?: string): Promise<Relay> {
    const relay = new Relay(behind);
    relay.http.listen(0, '127.0.0.1');
    await once(relay.http, 'listening');
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }
  get formUrl(): string {
    return `${this.url}/forms/enterprise#share=${SID}.${TOKEN}`;
  }

  /** Serves this at an address of a page that is not ours. */
  page(path: string, html: string): string {
    this.pages.set(path, html);
    return `${this.url}${path}#share=${SID}.${TOKEN}`;
  }

  close(): void {
    for (const { socket } of this.viewers) socket.terminate();
    this.citizen?.terminate();
    this.sockets.close();
    this.http.closeAllConnections();
    this.http.close();
  }

  /** As if a helper had asked, pointed or proposed. */
  toCitizen(frame: Frame): void {
    this.citizenSeq += 1;
    this.citizen?.send(JSON.stringify({ v: 1, sid: SID, epoch: this.epoch, seq: this.citizenSeq, ack: this.citizenSeen, ts: Date.now(), ...frame }));
  }
  /** Cuts the citizen's line. */
  cut(): void {
    this.citizen?.terminate();
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
  /** A digest with this message would follow on the wire; the viewer has to find out by itself. */
  toViewers(frame: Frame): void {
    for (const viewer of this.viewers) this.send(viewer, frame);
  }
  bulkToViewers(kind: number, body: Buffer): void {
    for (const viewer of this.viewers) this.sendBulk(viewer, { kind, epoch: this.epoch, body });
  }

  private async answer(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname } = new URL(incoming.url ?? '/', this.url);
    const page = this.pages.get(pathname);
    if (page !== undefined) return this.serve(answer, page, TYPES[extname(pathname)] ?? 'text/html; charset=utf-8');
    if (pathname === '/api/v1/assist/open') return this.open(incoming, answer);
    const shares = /^\/api\/v1\/desk\/conversations\/[^/]+\/shares$/.test(pathname);
    if (shares && incoming.method === 'POST') return this.ask(incoming, answer);
    if (shares) return this.json(answer, 200, { shares: this.asked ? [this.share()] : [] });
    if (/^\/api\/v1\/desk\/shares\/[^/]+\/end$/.test(pathname)) {
      this.end('helper');
      return this.json(answer, 200, this.share());
    }
    const own = /^\/s\/[\w-]+$/.test(pathname)
      ? 'share/index.html'
      : pathname === '/forms/enterprise'
        ? 'forms/enterprise.html'
        : pathname === '/desk/'
          ? 'desk/index.html'
          : pathname.slice(1);
    const file = await readFile(join(dist, own)).catch(() => undefined);
    if (file && TYPES[extname(own)] !== undefined) {
      if (own === 'desk/viewer.html') answer.setHeader('content-security-policy', VIEWER_POLICY);
      else if (own.endsWith('.html')) answer.setHeader('content-security-policy', PAGE_POLICY);
      return this.serve(answer, file, TYPES[extname(own)] ?? '');
    }
    if (this.behind === undefined) {
      answer.writeHead(404).end();
      return;
    }
    const { hostname, port } = new URL(this.behind);
    const on = request({ hostname, port, path: incoming.url, method: incoming.method, headers: this.forward(incoming) }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    on.on('error', () => answer.writeHead(502).end());
    incoming.pipe(on);
  }

  /** The server behind believes that it was asked directly. */
  private forward(incoming: IncomingMessage): IncomingMessage['headers'] {
    const host = new URL(this.behind ?? '').host;
    const { origin } = incoming.headers;
    return { ...incoming.headers, host, ...(origin === this.url ? { origin: this.behind } : {}) };
  }

  private serve(answer: ServerResponse, body: string | Buffer, type: string): void {
    answer.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
  }
  private json(answer: ServerResponse, status: number, body: unknown): void {
    answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
  private async body(incoming: IncomingMessage): Promise<Frame> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    return JSON.parse(Buffer.concat(parts).toString()) as Frame;
  }

  private share(): object {
    const state = this.ended !== undefined ? 'ended' : this.perm.view ? 'consented' : 'asked';
    return { id: SID, state, purpose: this.purpose, created_at: new Date().toISOString(), expires_at: new Date(Date.now() + 600_000).toISOString() };
  }
  private async ask(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    this.purpose = String((await this.body(incoming))['purpose']);
    this.asked = true;
    this.ended = undefined;
    this.json(answer, 201, { share: this.share(), link: `${this.url}/s/${SID}#k=${KEY}` });
  }
  private async open(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const asked = await this.body(incoming);
    if (asked['key'] !== KEY || this.opened > 0) return this.json(answer, 410, { code: 'gone' });
    if (this.code !== undefined && asked['code'] !== this.code) return this.json(answer, 401, { code: 'code_needed' });
    this.opened += 1;
    this.json(answer, 200, { token: TOKEN, form_url: '/forms/enterprise' });
  }

  private upgrade(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    const { pathname } = new URL(incoming.url ?? '/', this.url);
    const accept = (then: (opened: WebSocket) => void): void => this.sockets.handleUpgrade(incoming, socket, head, then);
    if (pathname === '/api/v1/assist/citizen') accept((opened) => this.citizenCame(opened));
    else if (pathname === '/api/v1/assist/helper') accept((opened) => this.helperCame(opened));
    else if (this.behind === undefined) socket.destroy();
    else {
      const { hostname, port } = new URL(this.behind);
      const on = connect(Number(port), hostname, () => {
        const headers = Object.entries(this.forward(incoming)).map(([name, value]) => `${name}: ${String(value)}`);
        on.write(`GET ${incoming.url ?? '/'} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
        on.write(head);
        on.pipe(socket).pipe(on);
      });
      on.on('error', () => socket.destroy());
      socket.on('error', () => on.destroy());
    }
  }

  private citizenCame(socket: WebSocket): void {
    this.citizen = socket;
    socket.on('message', (data: Buffer, binary) => {
      if (binary) this.bulkCame(data);
      else this.textCame(data.toString(), socket);
    });
    socket.on('close', () => {
      if (this.citizen === socket) this.toViewers({ t: 'peer', state: 'gone' });
    });
  }

  private textCame(text: string, socket: WebSocket): void {
    this.wire.push({ text, bytes: text.length, kind: 'text', at: Date.now() });
    const frame = JSON.parse(text) as Frame;
    if (frame.t === 'hello') {
      if (frame['token'] !== TOKEN || this.ended !== undefined) {
        socket.send(JSON.stringify({ v: 1, sid: SID, epoch: 0, seq: 0, ack: 0, ts: 0, t: 'end', reason: 'gone' }));
        return;
      }
      if (Number(frame['epoch']) === 0) {
        this.epoch += 1;
        this.citizenSeen = 0;
        this.citizenSeq = 0;
      }
      const welcome = { t: 'welcome', perm: this.perm, helper: HELPER, purpose: this.purpose, last_seq: this.citizenSeen };
      socket.send(JSON.stringify({ v: 1, sid: SID, epoch: this.epoch, seq: 0, ack: this.citizenSeen, ts: Date.now(), ...welcome }));
      this.toViewers({ t: 'peer', state: 'online' });
      return;
    }
    if (!this.count(frame.seq ?? 0)) return;
    this.fromCitizen.push(frame);
    switch (frame.t) {
      case 'consent':
        this.perm = { ...this.perm, [frame['scope'] as string]: true };
        this.tellPerm();
        return;
      case 'revoke':
        this.perm = frame['scope'] === 'view' ? { view: false, point: false, fill: false, paused: false } : { ...this.perm, [frame['scope'] as string]: false };
        this.tellPerm();
        return;
      case 'pause':
        this.perm = { ...this.perm, paused: Boolean(frame['on']) };
        this.tellPerm();
        return;
      case 'visible':
        this.toViewers({ t: 'peer', state: frame['state'] === 'hidden' ? 'hidden' : 'online' });
        return;
      case 'end':
        this.end(String(frame['reason'] ?? 'citizen'), false);
        return;
      case 'digest':
        this.toViewers({ t: 'digest', nodes: frame['nodes'], hash: frame['hash'], at_seq: 0 });
        return;
      case 'ptr':
      case 'scroll':
      case 'fill.result': {
        const { v: _v, sid: _sid, epoch: _epoch, seq: _seq, ack: _ack, ts: _ts, ...body } = frame;
        this.toViewers(body as Frame);
      }
    }
  }

  private bulkCame(data: Buffer): void {
    const bulk: Bulk = { kind: data.readUInt8(0), epoch: data.readUInt32BE(1), body: data.subarray(9) };
    this.wire.push({ text: inflateRawSync(bulk.body).toString(), bytes: data.length, kind: bulk.kind === 1 ? 'snap' : 'inc', at: Date.now() });
    if (!this.count(data.readUInt32BE(5))) return;
    if (bulk.kind === 1) {
      this.snap = bulk;
      this.tail = [];
    } else this.tail.push(bulk);
    const spoil = bulk.kind === 2 ? this.spoil.shift() : undefined;
    for (const viewer of this.viewers) this.spoilt(viewer, bulk, spoil);
    if (spoil === 'swap') this.held = bulk;
    else this.held = undefined;
  }

  /** A frame too few, too many or too late, with the number it would have had. */
  private spoilt(viewer: Viewer, bulk: Bulk, spoil: Spoil | undefined): void {
    if (this.held) {
      // This one overtakes the one before it.
      viewer.seq += 1;
      this.put(viewer, bulk, viewer.seq + 1);
      this.put(viewer, this.held, viewer.seq);
      viewer.seq += 1;
      return;
    }
    if (spoil === 'swap' || spoil === 'silent') return;
    viewer.seq += 1;
    if (spoil !== 'drop') this.put(viewer, bulk, viewer.seq);
    if (spoil === 'double') this.put(viewer, bulk, viewer.seq);
  }
  private put({ socket }: Viewer, { kind, epoch, body }: Bulk, seq: number): void {
    const head = Buffer.alloc(9);
    head.writeUInt8(kind, 0);
    head.writeUInt32BE(epoch, 1);
    head.writeUInt32BE(seq, 5);
    socket.send(Buffer.concat([head, body]));
  }
  private sendBulk(viewer: Viewer, bulk: Bulk): void {
    viewer.seq += 1;
    this.put(viewer, bulk, viewer.seq);
  }
  private send(viewer: Viewer, frame: Frame): void {
    viewer.seq += 1;
    viewer.socket.send(JSON.stringify({ v: 1, sid: SID, epoch: this.epoch, seq: viewer.seq, ack: 0, ts: Date.now(), ...frame }));
  }

  /** Asks again for what is missing. */
  private count(seq: number): boolean {
    if (seq <= this.citizenSeen) return false;
    if (seq > this.citizenSeen + 1) {
      this.toCitizen({ t: 'need', from: this.citizenSeen + 1 });
      return false;
    }
    this.citizenSeen = seq;
    return true;
  }

  private helperCame(socket: WebSocket): void {
    const owner = this.viewers.size === 0;
    const viewer: Viewer = { socket, seq: 0, name: owner ? HELPER.name : '小李', owner };
    this.viewers.add(viewer);
    socket.on('close', () => this.viewers.delete(viewer));
    socket.on('message', (data: Buffer) => this.helperSaid(viewer, JSON.parse(data.toString()) as Frame));
    const welcome = {
      t: 'welcome', perm: this.permAndViewers(), peer: this.citizen ? 'online' : 'gone', purpose: this.purpose, title: '',
      viewport: null, role: viewer.owner ? 'owner' : 'watcher',
    };
    socket.send(JSON.stringify({ v: 1, sid: SID, epoch: this.epoch, seq: 0, ack: 0, ts: Date.now(), ...welcome }));
    // Late, and still at the same picture.
    if (this.perm.view && this.snap) for (const bulk of [this.snap, ...this.tail]) this.sendBulk(viewer, bulk);
    if (this.perm.view) this.tellPerm();
  }
  private helperSaid(viewer: Viewer, frame: Frame): void {
    this.fromHelpers.push(frame);
    const { v: _v, sid: _sid, epoch: _epoch, seq: _seq, ack: _ack, ts: _ts, ...body } = frame;
    const needs: Record<string, 'point' | 'fill'> = { ptr: 'point', hl: 'point', 'hl.clear': 'point', steps: 'point', 'fill.propose': 'fill' };
    const need = needs[frame.t];
    if (frame.t === 'ping') this.send(viewer, { t: 'pong', n: frame['n'] });
    else if (frame.t === 'resnap') this.toCitizen({ t: 'snap.request', reason: String(frame['reason']) });
    else if (!viewer.owner) this.send(viewer, { t: 'denied', of: frame.t, why: 'role' });
    else if (frame.t === 'ask') this.toCitizen({ t: 'share.request', scope: frame['scope'], helper: HELPER, purpose: this.purpose });
    else if (need && !this.perm[need]) this.send(viewer, { t: 'denied', of: frame.t, why: 'consent' });
    else if (need) this.toCitizen(body as Frame);
  }
  private permAndViewers(): object {
    return { ...this.perm, viewers: Array.from(this.viewers, ({ name }) => ({ no: name, name })) };
  }
  private tellPerm(): void {
    const frame = { t: 'perm', ...this.permAndViewers() };
    this.toViewers(frame);
    this.toCitizen(frame);
  }
  private end(reason: string, tellCitizen = true): void {
    this.ended = reason;
    this.perm = { view: false, point: false, fill: false, paused: false };
    this.toViewers({ t: 'end', reason });
    if (tellCitizen) this.toCitizen({ t: 'end', reason });
  }
}
