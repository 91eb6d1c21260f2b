import type {
  ConsentReply,
  Locale,
  LoginView,
  PastTranscript,
  Person,
  Problem,
  Site,
} from '@yikouwen/shared/wire';

import { within } from '../src/deadline';

/** A call that failed: the server's code, or `offline` when no answer came. */
export class CallError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    /** In the reader's language. */
    readonly detail: string | undefined,
  ) {
    super(code);
    this.name = 'CallError';
  }
}

export type Api = ReturnType<typeof createApi>;

/** In milliseconds. */
const PATIENCE = 15_000;

/** The calls of the page 我的咨询, all to its own server. */
export function createApi(locale: () => Locale, send: typeof fetch = (input, init) => fetch(input, init)) {
  async function call<T>(method: string, path: string, body?: unknown, bearer?: string): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json', 'accept-language': locale() === 'zh' ? 'zh-CN' : 'en' };
    // Writing calls always say JSON, which no form of another site can.
    if (method !== 'GET') headers['content-type'] = 'application/json';
    if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`;
    return within(PATIENCE, undefined, async (signal) => {
      let response: Response;
      try {
        response = await send(path, {
          method,
          headers,
          credentials: bearer === undefined ? 'same-origin' : 'omit',
          cache: 'no-store',
          signal,
          ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
        });
      } catch {
        throw new CallError(0, 'offline', undefined);
      }
      if (!response.ok) {
        const problem = (await response.json().catch(() => ({}))) as Problem;
        throw new CallError(response.status, problem.code ?? '', problem.detail ?? problem.title);
      }
      if (response.status === 204) return undefined as T;
      try {
        return (await response.json()) as T;
      } catch {
        throw new CallError(0, 'offline', undefined);
      }
    });
  }

  const part = encodeURIComponent;
  return {
    site: () => call<Site>('GET', '/api/v1/site'),
    me: () => call<Person>('GET', '/api/v1/me'),
    conversation: (id: string) => call<PastTranscript>('GET', `/api/v1/me/conversations/${part(id)}`),
    ticket: (id: string) => call<LoginView>('GET', `/api/v1/me/logins/${part(id)}`),
    /** `again`: the provider asks who it is, even when it knows somebody. */
    login: (id: string | null, again: boolean) =>
      call<{ url: string }>('POST', '/api/v1/me/login', { login: id, ...(again ? { again } : {}) }),
    consent: (id: string) => call<ConsentReply>('POST', `/api/v1/me/logins/${part(id)}/consent`),
    /** Gives the code back in the name of the visitor whose token this is. */
    confirm: (channel: string, token: string, code: string) =>
      call<unknown>('POST', `/channels/${part(channel)}/login/confirm`, { code }, token),
    unlink: (id: string) => call<undefined>('DELETE', `/api/v1/me/links/${part(id)}`),
    logout: () => call<undefined>('POST', '/api/v1/me/logout'),
    forget: () => call<undefined>('DELETE', '/api/v1/me'),
  };
}
