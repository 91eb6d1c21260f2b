/** What the page that embeds the widget may say, and where the widget came from. */
export interface Options {
  /** Where the server's paths begin, with a trailing slash. */
  server: URL;
  mode: 'bubble' | 'page';
  title: string | undefined;
  locale: string | null;
}

/** Known only while the script first runs, so it is read once, here. */
const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;

export const scriptData: Readonly<Record<string, string | undefined>> = Object.assign({}, script?.dataset);

export function readOptions(element: HTMLElement): Options {
  const { server, mode, title, locale } = element.dataset;
  const origin = server ?? script?.src ?? '';
  return {
    // The directory of the script: a server behind a path prefix needs no extra setting.
    server: new URL(server === undefined ? '.' : withSlash(server), origin === '' ? document.baseURI : new URL(origin, document.baseURI)),
    mode: mode === 'page' ? 'page' : 'bubble',
    title: title === undefined || title === '' ? undefined : title,
    locale: locale ?? null,
  };
}

/** Whether the chat is a page of the server that it belongs to, rather than a part of somebody's site. */
export function isOwnPage({ mode, server }: Options): boolean {
  return mode === 'page' && server.origin === location.origin;
}

function withSlash(address: string): string {
  return address.endsWith('/') ? address : `${address}/`;
}
