import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** A page of another site that carries the widget, as strict about scripts and styles as a page can be. */
export class ForeignSite {
  private server: Server | undefined;
  url = '';
  /** How many requests have come. */
  visits = 0;
  private chat = '';

  async listen(): Promise<void> {
    this.server = createServer((_, response) => {
      this.visits += 1;
      const socket = this.chat.replace(/^http/, 'ws');
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.setHeader(
        'content-security-policy',
        `default-src 'none'; script-src ${this.chat}; connect-src ${this.chat} ${socket}; style-src 'none'; ` +
          `base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'`,
      );
      response.end(
        `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>另一个网站</title></head>` +
          `<body><h1>另一个网站</h1><script src="${this.chat}/widget.js"></script></body></html>`,
      );
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    this.url = `http://127.0.0.1:${address.port}`;
  }

  /** The server that the page's script comes from, which is known only after this site's own address is. */
  carry(chat: string): void {
    this.chat = chat;
  }

  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}
