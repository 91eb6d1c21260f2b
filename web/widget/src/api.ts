import type { Entry, Site, Suggestion } from '@yikouwen/shared/wire';

import { within } from './deadline';

/** The read-only questions the first screen and the opened citation ask. */
export class Api {
  constructor(
    private readonly base: URL,
    private readonly fetch: typeof globalThis.fetch,
  ) {}

  site(): Promise<Site> {
    return this.get<Site>(new URL('site', this.base));
  }

  entry(id: string): Promise<Entry> {
    return this.get<Entry>(new URL(`knowledge/${encodeURIComponent(id)}`, this.base));
  }

  async suggest(words: string, limit: number, signal: AbortSignal): Promise<Suggestion[]> {
    const url = new URL('suggest', this.base);
    url.searchParams.set('q', words);
    url.searchParams.set('limit', String(limit));
    const { suggestions } = await this.get<{ suggestions: Suggestion[] }>(url, signal);
    return suggestions;
  }

  private get<T>(url: URL, parent?: AbortSignal): Promise<T> {
    return within(10_000, parent, async (signal) => {
      const response = await this.fetch(url, { credentials: 'omit', signal });
      if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`);
      return (await response.json()) as T;
    });
  }
}
