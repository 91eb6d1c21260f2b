/**
 * Logging in from the widget: it opens the server's own page in a window of its own, and gives back the code that this
 * page hands over. A message from anywhere else, or about a login that this widget did not begin, is not even looked at.
 */
import type { Author, LoginState, LoginTicket } from '@yikouwen/shared/wire';

import { within } from './deadline';
import { isInApp } from './inapp';
import type { SessionKeeper } from './session';

type OpenedWindow = Pick<Window, 'close' | 'closed'> & { location: Pick<Location, 'replace'> };

/** What the page does for the login; handed in, so that a test can watch it. */
export interface Windows {
  /** A new empty window, or nothing where none may be opened. */
  open: () => OpenedWindow | null;
  /** Leaves the page for another one. */
  leave: (url: string) => void;
  /** True in views of apps, where a new window takes the place of the page. */
  single: boolean;
}

export interface LoginOptions {
  /** Where the channel lives, with a trailing slash. */
  base: URL;
  /** Where the server's paths begin, with a trailing slash. */
  server: URL;
  session: SessionKeeper;
  fetch: typeof fetch;
  windows: Windows;
  onState: (state: LoginState) => void;
  onStep: (step: LoginStep) => void;
}

/** What is under way: nothing, the window being opened, a citizen who is in it; or that it could not be opened. */
export type LoginStep = 'idle' | 'opening' | 'away' | 'failed';

const CODE = /^\d{6}$/;

export function isCode(words: string): boolean {
  return CODE.test(words);
}

export class Login {
  /** The login that was begun in this page's life and has not come back. */
  private pending: string | undefined;
  /** The citizen may be logging in somewhere else, so a look back here is a reason to ask. */
  private away = false;
  private opening = false;
  private started = false;
  private asked = 0;
  private readonly onMessage = (event: MessageEvent): void => {
    const code = codeOf(event, this.options.server.origin, this.pending);
    if (code !== undefined) void this.confirm(code);
  };
  private readonly onLook = (): void => {
    if (document.visibilityState === 'visible' && this.away) void this.refresh();
  };

  constructor(private readonly options: LoginOptions) {}

  start(): void {
    if (this.started) return;
    this.started = true;
    window.addEventListener('message', this.onMessage);
    window.addEventListener('pageshow', this.onLook);
    window.addEventListener('focus', this.onLook);
    document.addEventListener('visibilitychange', this.onLook);
    void this.refresh();
  }

  stop(): void {
    this.started = false;
    window.removeEventListener('message', this.onMessage);
    window.removeEventListener('pageshow', this.onLook);
    window.removeEventListener('focus', this.onLook);
    document.removeEventListener('visibilitychange', this.onLook);
  }

  /** Asks whether this visitor is linked. A failure is nobody's concern: it is asked again the next time. */
  async refresh(): Promise<void> {
    if (!this.started) return;
    const ask = ++this.asked;
    try {
      const state = await this.call<LoginState>('GET', 'login');
      if (ask !== this.asked) return;
      if (state.linked) {
        this.pending = undefined;
        this.away = false;
        this.options.onStep('idle');
      }
      this.options.onState(state);
    } catch {
      // As it was.
    }
  }

  /** Something was said in the thread: a link that was made or ended elsewhere is told there. */
  hear(author: Author): void {
    if (author === 'system' || (author === 'robot' && this.away)) void this.refresh();
  }

  /** The citizen sends the code by hand, as he is asked to where it can't come back by itself. */
  expect(): void {
    this.away = true;
  }

  /** Goes to the login page. To be called in the task of a click, or browsers open no window. */
  async begin(): Promise<void> {
    if (this.opening) return;
    this.opening = true;
    const { windows, onStep } = this.options;
    const opened = windows.single ? null : windows.open();
    onStep('opening');
    try {
      const { id, url } = await this.call<LoginTicket>('POST', 'login', {});
      // The server says where it is reached; an address that is none would run in this page.
      if (!/^https?:\/\//i.test(url)) throw new Error('no web address');
      this.pending = id;
      this.away = true;
      onStep('away');
      if (opened && !opened.closed) opened.location.replace(url);
      else windows.leave(url);
    } catch {
      opened?.close();
      onStep('failed');
    } finally {
      this.opening = false;
    }
  }

  private async confirm(code: string): Promise<void> {
    // Once: a message that is repeated asks for nothing more.
    this.pending = undefined;
    try {
      await this.call('POST', 'login/confirm', { code });
      this.options.onStep('idle');
      await this.refresh();
    } catch {
      // The login page sees that nothing came and shows the code instead.
    }
  }

  private async call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    let token = await this.options.session.token();
    for (let round = 0; ; round += 1) {
      const response = await within(15_000, undefined, (signal) => this.send(method, path, body, token, signal));
      if (response.ok) return (await response.json()) as T;
      if (response.status !== 401 || round > 0) throw new Error(`${path} answered ${response.status}`);
      token = await this.options.session.renew();
    }
  }

  private send(method: string, path: string, body: unknown, token: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    return this.options.fetch(new URL(path, this.options.base), {
      method,
      headers,
      credentials: 'omit',
      signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

/** The code in a message, when it comes from the server's own page and is about this login. */
export function codeOf(event: Pick<MessageEvent, 'origin' | 'data'>, origin: string, login: string | undefined): string | undefined {
  if (login === undefined || event.origin !== origin) return undefined;
  const data: unknown = event.data;
  if (typeof data !== 'object' || data === null) return undefined;
  const { yikouwen, login: id, code } = data as Record<string, unknown>;
  if (yikouwen !== 'login' || id !== login) return undefined;
  return typeof code === 'string' && CODE.test(code) ? code : undefined;
}

export function browserWindows(agent = navigator.userAgent): Windows {
  return {
    // An opener stays on purpose: the page gives the code back to it.
    open: () => window.open('', '_blank'),
    leave: (url) => location.assign(url),
    single: isInApp(agent),
  };
}
