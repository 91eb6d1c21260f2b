import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

const APP = 'wxba5fad812f8e6fb9';
const TOKEN = 'yikouwen2026';

/** WeChat with one verified service account: it pushes, takes messages, and says who opens a page in its browser. */
export class Weixin {
  private server: Server | undefined;
  url = '';
  /** Who holds the phone. */
  visitor = '';
  /** Whether the page shows an error, as it does for a domain that is not registered. */
  broken = false;
  /** How often a browser has passed the page. */
  passed = 0;
  readonly sent: { touser: string; text?: { content: string } }[] = [];
  private readonly codes = new Map<string, string>();

  async listen(): Promise<void> {
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    this.url = `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  /** What the server has to be told of the account. */
  section(server: string): string {
    return (
      `[server]\npublic_url = "${server}"\n[channels.gzh]\ntype = "wechat"\napp_id = "${APP}"\napp_secret = "s3cret"\ntoken = "${TOKEN}"\n` +
      `mode = "plain"\nverified = true\noauth = true\napi_base = "${this.url}"\nqr_base = "${this.url}"\noauth_base = "${this.url}"\n`
    );
  }

  /** A citizen writes. */
  async push(server: string, openid: string, text: string): Promise<void> {
    const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), randomUUID()];
    const signature = createHash('sha1').update([TOKEN, timestamp, nonce].sort().join('')).digest('hex');
    const body =
      `<xml><ToUserName>gh_1</ToUserName><FromUserName>${openid}</FromUserName><CreateTime>${timestamp}</CreateTime>` +
      `<MsgType>text</MsgType><Content>${text}</Content><MsgId>${Date.now()}</MsgId></xml>`;
    const query = new URLSearchParams({ signature, timestamp, nonce, openid }).toString();
    const answer = await fetch(`${server}/channels/gzh?${query}`, { method: 'POST', body, headers: { 'content-type': 'text/xml' } });
    if (!answer.ok) throw new Error(`a push was answered with ${answer.status}`);
  }

  /** The words that a citizen was sent. */
  words(openid: string): string {
    return this.sent.filter(({ touser }) => touser === openid).map(({ text }) => text?.content ?? '').join('\n');
  }

  /** The digits that were sent with the last link, and that the desk does not show. */
  digits(openid: string): string {
    return [...this.words(openid).matchAll(/数字：(\d{6})/g)].at(-1)?.[1] ?? '';
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    let body = '';
    for await (const piece of request) body += String(piece);
    const json = (value: object): void => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(value));
    };
    switch (pathname) {
      case '/cgi-bin/stable_token':
        return json({ access_token: 'token', expires_in: 7200 });
      case '/cgi-bin/message/custom/send':
        this.sent.push(JSON.parse(body) as (typeof this.sent)[number]);
        return json({ errcode: 0, errmsg: 'ok' });
      case '/connect/oauth2/authorize': {
        if (this.broken || searchParams.get('appid') !== APP || searchParams.get('scope') !== 'snsapi_base') {
          response.setHeader('content-type', 'text/html; charset=utf-8');
          response.end('<!doctype html><h1>redirect_uri 参数错误</h1>');
          return;
        }
        this.passed += 1;
        const back = new URL(searchParams.get('redirect_uri') ?? '');
        const code = randomUUID();
        this.codes.set(code, this.visitor);
        back.searchParams.set('code', code);
        back.searchParams.set('state', searchParams.get('state') ?? '');
        response.writeHead(302, { location: back.toString() });
        response.end();
        return;
      }
      case '/sns/oauth2/access_token': {
        const code = searchParams.get('code') ?? '';
        const openid = this.codes.get(code);
        this.codes.delete(code);
        return json(openid === undefined ? { errcode: 40029, errmsg: 'invalid code' } : { access_token: 'a', expires_in: 7200, openid, scope: 'snsapi_base' });
      }
      default:
        return json({ errcode: 0, errmsg: 'ok' });
    }
  }
}
