import { freshId } from '@yikouwen/shared/ids';
import type { Attachment, Choice, DurableFrame, Locale, Score, ServerFrame, Site } from '@yikouwen/shared/wire';

import { Api } from './api';
import { Connection } from './connection';
import { browserWindows, isCode, Login, type Windows } from './login';
import { Outbox } from './outbox';
import { SessionKeeper } from './session';
import { contiguous, hasGap } from './state';
import { keys, type Keeps } from './storage';
import { Store } from './store';
import { upload as uploadFile, type Uploaded } from './upload';

const TYPING_EVERY = 3_000;
const TYPING_LASTS = 5_000;

/** What the citizen can do, in one place: each act changes the state at once and goes out to the server. */
export class Controller {
  readonly store = new Store();
  readonly api: Api;
  private readonly outbox: Outbox;
  private readonly connection: Connection;
  private readonly gapsTried = new Set<string>();
  private lastTyping = 0;
  private typingTimer: ReturnType<typeof setTimeout> | undefined;
  private started = false;
  private siteAnswer: Promise<Site> | undefined;
  private readonly session: SessionKeeper;
  private readonly base: URL;
  private readonly login: Login;
  /** Files on their way, by the id of their message; gone with the page, since no storage holds a film. */
  private readonly files = new Map<string, File>();

  constructor(
    readonly server: URL,
    private readonly keeps: Keeps,
    private locale: Locale,
    fetcher: typeof fetch = (input, init) => fetch(input, init),
    private readonly upload: typeof uploadFile = uploadFile,
    windows: Windows = browserWindows(),
  ) {
    const base = new URL('channels/web/', server);
    this.base = base;
    this.session = new SessionKeeper(new URL('session', base).href, keeps.lasting, fetcher);
    this.api = new Api(new URL('api/v1/', server), fetcher);
    this.outbox = new Outbox(keeps.tab);
    this.login = new Login({
      base,
      server,
      session: this.session,
      fetch: fetcher,
      windows,
      onState: (login) => this.store.dispatch({ type: 'login', login }),
      onStep: (step) => this.store.dispatch({ type: 'login-step', step }),
    });
    this.connection = new Connection({
      base,
      session: this.session,
      outbox: this.outbox,
      locale: () => this.locale,
      page: location.origin === 'null' ? undefined : location.origin + location.pathname,
      cursor: () => ({
        conversation: this.store.state.conversation,
        after: contiguous(this.store.state.messages),
      }),
      onFrame: (frame) => this.receive(frame),
      onLink: (link) => {
        this.store.dispatch({ type: 'link', link });
        if (link === 'up' && this.store.state.login === undefined) void this.login.refresh();
      },
      fetch: fetcher,
    });
    this.store.dispatch({ type: 'remember-rated', rated: this.loadRated() });
    for (const frame of this.outbox.frames) this.store.dispatch({ type: 'out', frame });
  }

  start(): void {
    if (this.started) return;
    this.started = true;
    this.connection.start();
  }

  stop(): void {
    clearTimeout(this.typingTimer);
    this.login.stop();
    this.connection.stop();
  }

  /** Asked for once; a failed answer is asked for again the next time. */
  site(): Promise<Site> {
    this.siteAnswer ??= this.api.site().then(
      (site) => {
        if (site.login) this.login.start();
        return site;
      },
      (error: unknown) => {
        this.siteAnswer = undefined;
        throw error;
      },
    );
    return this.siteAnswer;
  }

  /** Goes to the login page; to be called in the task of a click. */
  logIn(): void {
    void this.login.begin();
  }

  /** The page 我的咨询. */
  get meUrl(): string {
    return new URL('me', this.server).href;
  }

  setLocale(locale: Locale): void {
    if (locale === this.locale) return;
    this.locale = locale;
    if (this.started) this.connection.resync();
  }

  say(text: string): void {
    const words = text.trim();
    if (words === '') return;
    if (isCode(words)) this.login.expect();
    this.out({ t: 'say', id: freshId(), text: words });
  }

  /** Sends files, each as a message of its own. */
  attach(files: readonly File[]): void {
    for (const file of files) {
      const id = freshId();
      this.files.set(id, file);
      void this.send(id, file);
    }
  }

  /** Sends a file that did not arrive once more; under the same id, so that it cannot arrive twice. */
  attachAgain(id: string): void {
    const file = this.files.get(id);
    if (file) void this.send(id, file);
  }

  /** Where a file of the conversation is read. */
  fileUrl(file: Attachment): string {
    return new URL((file.url ?? '').replace(/^\//, ''), this.server).href;
  }

  private async send(id: string, file: File): Promise<void> {
    this.store.dispatch({ type: 'file-out', id, name: file.name, bytes: file.size });
    const sent = await this.trySend(id, file);
    if (sent.ok) {
      this.files.delete(id);
      // The message itself comes by the line and takes the place of what was shown.
      this.store.dispatch({ type: 'frame', frame: { t: 'accepted', id } });
    } else {
      this.store.dispatch({ type: 'file-refused', id, code: sent.code });
    }
  }

  private async trySend(id: string, file: File): Promise<Uploaded> {
    if (file.size === 0) return { ok: false, code: 'file_empty' };
    try {
      let token = await this.session.token();
      const most = this.session.fileBytes;
      if (most !== undefined && file.size > most) return { ok: false, code: 'file_too_large' };
      for (let round = 0; ; round += 1) {
        const sent = await this.upload({
          url: new URL('files', this.base).href,
          token,
          language: this.locale,
          id,
          file,
          onProgress: (part) => this.store.dispatch({ type: 'file-part', id, part }),
        });
        if (sent.ok || sent.code !== 'unauthorized' || round > 0) return sent;
        token = await this.session.renew();
      }
    } catch {
      return { ok: false, code: 'network' };
    }
  }

  choose(message: string, choice: Choice): void {
    this.out({ t: 'choose', id: freshId(), message, key: choice.key }, choice);
  }

  feedback(message: string, useful: boolean): void {
    this.out({ t: 'feedback', id: freshId(), message, useful });
  }

  human(): void {
    if (!this.store.state.askingHuman) this.out({ t: 'human', id: freshId() });
  }

  rate(score: Score, comment: string): void {
    const words = comment.trim();
    this.out({ t: 'rate', id: freshId(), score, ...(words === '' ? {} : { comment: words }) });
    this.saveRated();
  }

  begin(): void {
    this.out({ t: 'new', id: freshId() });
  }

  stopAnswer(): void {
    this.out({ t: 'stop', id: freshId() });
  }

  /** Takes refused words out of the thread, for them to be changed. */
  withdraw(id: string): void {
    this.files.delete(id);
    this.store.dispatch({ type: 'withdraw', id });
  }

  /** The citizen writes; a helper who serves may see it, and nobody else. */
  typing(): void {
    const now = Date.now();
    if (this.store.state.stage !== 'serving' || now - this.lastTyping < TYPING_EVERY) return;
    this.lastTyping = now;
    this.connection.typing();
  }

  private out(frame: DurableFrame, choice?: Choice): void {
    this.store.dispatch({ type: 'out', frame, ...(choice ? { choice } : {}) });
    this.connection.push(frame);
  }

  private receive(frame: ServerFrame): void {
    this.store.dispatch({ type: 'frame', frame });
    if (frame.t === 'typing') {
      clearTimeout(this.typingTimer);
      this.typingTimer = setTimeout(() => this.store.dispatch({ type: 'helper-still' }), TYPING_LASTS);
    }
    if (frame.t === 'error' && frame.id !== undefined) this.saveRated();
    if (frame.t !== 'message') return;
    this.mendGap();
    if (frame.message.seq > this.store.state.historyEnd) this.login.hear(frame.message.author);
  }

  /** Asks again for what is missing, once for each place, so that a server that can't tell is not asked for ever. */
  private mendGap(): void {
    const { conversation, messages } = this.store.state;
    if (!hasGap(messages)) return;
    const place = `${conversation ?? ''}:${contiguous(messages)}`;
    if (this.gapsTried.has(place)) return;
    this.gapsTried.add(place);
    this.connection.resync();
  }

  private loadRated(): Record<string, Score> {
    try {
      return JSON.parse(this.keeps.lasting.get(keys.rated) ?? '{}') as Record<string, Score>;
    } catch {
      return {};
    }
  }

  private saveRated(): void {
    // The newest few are enough: an old conversation is not shown again.
    const newest = Object.entries(this.store.state.rated).slice(-20);
    this.keeps.lasting.set(keys.rated, JSON.stringify(Object.fromEntries(newest)));
  }
}
