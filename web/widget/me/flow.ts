/**
 * What the page 我的咨询 shows, and how one screen leads to the next. There is one thing to do on each screen, so the
 * whole state is which screen it is; what the browser does (going elsewhere, storage, windows) is handed in.
 */
import type { ChannelType, LoginMessage, LoginView, PastTranscript, Person, Site } from '@yikouwen/shared/wire';

import { CallError, type Api } from './api';
import type { ProviderFault } from './place';

/** A login that a channel began. */
export type Ticket = LoginView & { channel: string; type: ChannelType };

export type Fault = ProviderFault | 'ticket_over' | 'linked_elsewhere' | 'offline' | 'server';

export type Screen =
  | { at: 'loading' }
  /** Nobody can log in here. */
  | { at: 'off' }
  | { at: 'welcome'; leaving: boolean }
  | { at: 'ticket'; ticket: Ticket; leaving: boolean }
  | { at: 'consent'; ticket: Ticket; me: Person; busy: boolean }
  | { at: 'declined'; ticket: Ticket }
  | { at: 'joining'; ticket: Ticket }
  | { at: 'code'; ticket: Ticket; code: string; until: string }
  | { at: 'done'; ticket: Ticket }
  | { at: 'home'; me: Person }
  | { at: 'talk'; me: Person; id: string; talk: PastTranscript | undefined; failed: 'gone' | 'offline' | undefined }
  | { at: 'forgotten' }
  | { at: 'fault'; fault: Fault; detail: string | undefined; ticket: Ticket | undefined };

export interface Surroundings {
  api: Api;
  /** Leaves the page. */
  go: (url: string) => void;
  /** Shows another address of this page. */
  address: (path: string) => void;
  /** The token of the widget that runs on this origin. */
  token: () => string | null;
  opener: () => Pick<Window, 'postMessage'> | null;
  visible: () => boolean;
}

/** How often the page asks whether the code came back, in milliseconds. */
const POLL = 2_000;
/** How often it asks while the window that opened it may still answer, and how many times. */
const SOON = 700;
const SOON_TIMES = 6;

export class Flow {
  screen: Screen = { at: 'loading' };
  site: Site | undefined;
  private login: string | undefined;
  private ticket: Ticket | undefined;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the screens; what was asked for by an earlier one changes nothing any more. */
  private turn = 0;
  private talks = new Map<string, PastTranscript>();

  constructor(private readonly around: Surroundings) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  start(login: string | undefined, fault: ProviderFault | undefined, talk: string | undefined): Promise<void> {
    this.login = login;
    return this.load(fault, talk);
  }

  /** Asks for everything anew: at the start, after a fault, and when the browser shows the page from its memory. */
  async load(fault?: ProviderFault, talk?: string): Promise<void> {
    const turn = this.show({ at: 'loading' });
    const { api } = this.around;
    const [site, me, ticket] = await Promise.all([
      settle(api.site()),
      settle(api.me()),
      this.login === undefined ? undefined : settle(api.ticket(this.login)),
    ]);
    if (turn !== this.turn) return;
    if (site.value) this.site = site.value;
    this.ticket = ticketOf(ticket?.value);
    if (me.error?.code === 'login_off' || site.value?.login === null) this.show({ at: 'off' });
    else if (ticket?.error && ticket.error.code !== 'login_expired') this.fail(ticket.error);
    else if (me.error && me.error.code !== 'not_logged_in') this.fail(me.error);
    else if (fault) this.show({ at: 'fault', fault, detail: undefined, ticket: this.ticket });
    else if (ticket?.error) this.fail(ticket.error);
    else if (this.ticket?.stage === 'linked') this.show({ at: 'done', ticket: this.ticket });
    else if (!me.value) this.showEntry();
    // Also when he consented before: the code is told only to whoever consents now, and it may be somebody else.
    else if (this.ticket) this.show({ at: 'consent', ticket: this.ticket, me: me.value, busy: false });
    else if (talk !== undefined) this.openTalk(me.value, talk);
    else this.show({ at: 'home', me: me.value });
  }

  /** Goes to the provider. */
  async leave(again = false): Promise<void> {
    const { screen } = this;
    if (screen.at === 'welcome' || screen.at === 'ticket') {
      if (screen.leaving) return;
      this.show({ ...screen, leaving: true });
    } else this.show({ at: 'loading' });
    const { turn } = this;
    const { value, error } = await settle(this.around.api.login(this.login ?? null, again));
    if (turn !== this.turn) return;
    if (value) this.around.go(value.url);
    else this.fail(error);
  }

  async consent(): Promise<void> {
    const { screen, login } = this;
    if (screen.at !== 'consent' || screen.busy || login === undefined) return;
    const turn = this.show({ ...screen, busy: true });
    const { value, error } = await settle(this.around.api.consent(login));
    if (turn !== this.turn) return;
    if (!value) {
      if (error.code === 'not_logged_in') this.showEntry();
      else this.fail(error);
      return;
    }
    await this.join(screen.ticket, login, value.code, value.expires_at, value.origin);
  }

  decline(): void {
    if (this.screen.at === 'consent') this.show({ at: 'declined', ticket: this.screen.ticket });
  }

  /** Somebody else logs in, for the same ticket if there is one. */
  async changePerson(): Promise<void> {
    await settle(this.around.api.logout());
    this.talks.clear();
    await this.leave(true);
  }

  async home(): Promise<void> {
    this.login = undefined;
    this.ticket = undefined;
    this.around.address('/me');
    await this.load();
  }

  /** Follows the address: a conversation, or the list again. */
  route(id: string | undefined): void {
    const { screen } = this;
    if (screen.at !== 'home' && screen.at !== 'talk') return;
    if (id === undefined) this.show({ at: 'home', me: screen.me });
    else this.openTalk(screen.me, id);
  }

  retryTalk(): void {
    if (this.screen.at === 'talk') this.openTalk(this.screen.me, this.screen.id);
  }

  async unlink(id: string): Promise<void> {
    await this.change(() => this.around.api.unlink(id));
  }

  async logout(): Promise<void> {
    this.talks.clear();
    await this.change(() => this.around.api.logout());
  }

  async forget(): Promise<void> {
    const { error } = await settle(this.around.api.forget());
    this.talks.clear();
    if (error && error.code !== 'not_logged_in') this.fail(error);
    else this.show({ at: 'forgotten' });
  }

  /** Back in front: what was waited for may have happened. */
  wake(): void {
    if (this.screen.at === 'code') void this.poll(this.turn);
    else if (this.screen.at === 'fault' && this.screen.fault === 'offline') void this.load();
  }

  private async change(work: () => Promise<unknown>): Promise<void> {
    const { error } = await settle(work());
    // Gone already is what was wished for.
    if (error && error.status !== 401 && error.status !== 404) this.fail(error);
    else await this.load();
  }

  /** Gives the code back through the channel, by whatever way is open; the last one is the citizen's own hand. */
  private async join(ticket: Ticket, login: string, code: string, until: string, origin: string | null): Promise<void> {
    const turn = this.show({ at: 'joining', ticket });
    const { api, token, opener } = this.around;
    const visitor = ticket.type === 'web' ? token() : null;
    if (visitor !== null) {
      const { error } = await settle(api.confirm(ticket.channel, visitor, code));
      if (turn !== this.turn) return;
      if (!error) {
        this.show({ at: 'done', ticket });
        return;
      }
    }
    const window = opener();
    if (window && origin !== null) {
      const message: LoginMessage = { yikouwen: 'login', login, code };
      try {
        window.postMessage(message, origin);
        if ((await this.isLinkedSoon(turn, login)) && turn === this.turn) {
          this.show({ at: 'done', ticket });
          return;
        }
      } catch {
        // An origin that is none, or a window that is gone.
      }
    }
    if (turn === this.turn) this.pollLater(this.show({ at: 'code', ticket, code, until }));
  }

  private async isLinkedSoon(turn: number, login: string): Promise<boolean> {
    for (let times = 0; times < SOON_TIMES; times += 1) {
      await new Promise((resolve) => setTimeout(resolve, SOON));
      if (turn !== this.turn) return false;
      const { value } = await settle(this.around.api.ticket(login));
      if (value?.stage === 'linked') return true;
    }
    return false;
  }

  private pollLater(turn: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.poll(turn), POLL);
  }

  private async poll(turn: number): Promise<void> {
    const { screen, login } = this;
    if (turn !== this.turn || screen.at !== 'code' || login === undefined) return;
    // A page in the background asks nothing; it is woken when it is looked at again.
    if (!this.around.visible()) return;
    clearTimeout(this.timer);
    const { value, error } = await settle(this.around.api.ticket(login));
    if (turn !== this.turn) return;
    if (value?.stage === 'linked') this.show({ at: 'done', ticket: screen.ticket });
    else if (error?.code === 'login_expired') this.fail(error);
    // While the line is down the code stays readable, and is asked about again.
    else this.pollLater(turn);
  }

  private openTalk(me: Person, id: string): void {
    const turn = this.show({ at: 'talk', me, id, talk: this.talks.get(id), failed: undefined });
    void settle(this.around.api.conversation(id)).then(({ value, error }) => {
      if (turn !== this.turn || this.screen.at !== 'talk') return;
      if (value) {
        this.talks.set(id, value);
        this.screen = { ...this.screen, talk: value };
      } else if (error.code === 'not_logged_in') {
        this.showEntry();
        return;
      } else this.screen = { ...this.screen, failed: error.status === 404 ? 'gone' : 'offline' };
      this.tell();
    });
  }

  private showEntry(): void {
    this.show(this.ticket ? { at: 'ticket', ticket: this.ticket, leaving: false } : { at: 'welcome', leaving: false });
  }

  private fail(error: CallError | undefined): void {
    const known: Record<string, Fault> = {
      offline: 'offline',
      login_expired: 'ticket_over',
      linked_elsewhere: 'linked_elsewhere',
      provider_unreachable: 'unreachable',
    };
    if (error?.code === 'login_off') this.show({ at: 'off' });
    else if (error?.code === 'not_logged_in') this.showEntry();
    else this.show({ at: 'fault', fault: known[error?.code ?? ''] ?? 'server', detail: error?.detail, ticket: this.ticket });
  }

  private show(screen: Screen): number {
    clearTimeout(this.timer);
    this.turn += 1;
    this.screen = screen;
    this.tell();
    return this.turn;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** A login that no channel began joins nothing. */
function ticketOf(view: LoginView | undefined): Ticket | undefined {
  if (!view || view.channel === null || view.type === null) return undefined;
  return { ...view, channel: view.channel, type: view.type };
}

type Settled<T> = { value: T; error?: undefined } | { value?: undefined; error: CallError };

async function settle<T>(work: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work };
  } catch (error) {
    return { error: error instanceof CallError ? error : new CallError(0, 'offline', undefined) };
  }
}
