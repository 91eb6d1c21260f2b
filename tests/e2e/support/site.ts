/** A web site that is not ours. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

const TYPES: Record<string, string> = { '.css': 'text/css; charset=utf-8' };

export interface Site {
  /** Serves this there, and says where. */
  page: (path: string, body: string) => string;
  close: () => void;
}

export async function site(): Promise<Site> {
  const pages = new Map<string, string>();
  const http = createServer(({ url = '/' }, answer) => {
    const { pathname } = new URL(url, 'http://site');
    const body = pages.get(pathname);
    if (body === undefined) answer.writeHead(404).end();
    else answer.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? 'text/html; charset=utf-8' }).end(body);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    page: (path, body) => {
      pages.set(path, body);
      return `http://127.0.0.1:${port}${path}`;
    },
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}
