import type { Session } from '@yikouwen/shared/wire';

import { within } from './deadline';
import { keys, type Keep } from './storage';

export type Fetch = typeof fetch;

/** Who the visitor is, as far as the server knows: a token that is renewed at every start and kept in between. */
export class SessionKeeper {
  private renewing: Promise<string> | undefined;
  private current: string | undefined;
  /** The largest file that the server takes, in bytes, once it has said so. */
  fileBytes: number | undefined;

  constructor(
    private readonly url: string,
    private readonly keep: Keep,
    private readonly fetch: Fetch,
  ) {}

  /** The token of this page's life; the first call asks the server. */
  async token(): Promise<string> {
    return this.current ?? (await this.renew());
  }

  /** A new token, because the old one was refused or is from an earlier visit. */
  async renew(): Promise<string> {
    this.current = undefined;
    this.renewing ??= within(15_000, undefined, (signal) => this.ask(signal)).finally(() => {
      this.renewing = undefined;
    });
    this.current = await this.renewing;
    return this.current;
  }

  private async ask(signal: AbortSignal): Promise<string> {
    const old = this.keep.get(keys.token);
    let response = await this.post(old, signal);
    if (old !== null && (response.status === 401 || response.status === 403)) response = await this.post(null, signal);
    if (!response.ok) throw new Error(`session refused with ${response.status}`);
    const session = (await response.json()) as Session;
    this.keep.set(keys.token, session.token);
    this.fileBytes = session.file_bytes;
    return session.token;
  }

  private post(token: string | null, signal: AbortSignal): Promise<Response> {
    return this.fetch(this.url, {
      method: 'POST',
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      credentials: 'omit',
      signal,
    });
  }
}
