/** The desk's HTTP API. Every failure becomes an ApiError; a lost session is told to whoever asked to know. */
import type {
  ChannelState,
  ClaimReply,
  Enterprise,
  Entry,
  LoginReply,
  Me,
  Message,
  Problem,
  QueueView,
  Revealed,
  Suggestion,
  Transcript,
} from '@yikouwen/shared/wire';

import { shareCalls } from './assist/calls';
import { withoutNulls } from './nulls';
import { searchCalls } from './search/calls';

export class ApiError extends Error {
  constructor(
    /** The HTTP status, or 0 when no answer came. */
    readonly status: number,
    /** The server's code, or `network` or `timeout`. */
    readonly code: string,
    readonly problem: Problem = {},
    /** Seconds. */
    readonly retryAfter?: number,
  ) {
    super(problem.title ?? code);
    this.name = 'ApiError';
  }

  /** The same request may succeed later, unchanged. */
  get passing(): boolean {
    return this.status === 0 || this.status === 401 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export interface ApiOptions {
  fetch?: typeof fetch;
  language?: () => string;
  /** Called on every 401 that means there is no session. */
  onUnauthorized?: () => void;
  /** Milliseconds. */
  patience?: number;
}

export type Api = ReturnType<typeof createApi>;

const BASE = '/api/v1';

/** A file may take minutes over a slow line. In milliseconds. */
const FILE_PATIENCE = 300_000;

function retryAfterOf(response: Response, problem: Problem): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? problem.retry_after);
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : undefined;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (withoutNulls(body) as Problem) : {};
  } catch {
    return {};
  }
}

export function createApi(options: ApiOptions = {}) {
  const send = options.fetch ?? ((input, init) => fetch(input, init));

  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (options.language) headers['accept-language'] = options.language();
    const isForm = body instanceof FormData;
    // The browser itself writes where the parts of a form end.
    if (body !== undefined && !isForm) headers['content-type'] = 'application/json';
    let response: Response;
    try {
      response = await send(BASE + path, {
        method,
        headers,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: AbortSignal.timeout(isForm ? FILE_PATIENCE : (options.patience ?? 15_000)),
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      });
    } catch (error) {
      const late = error instanceof DOMException && error.name === 'TimeoutError';
      throw new ApiError(0, late ? 'timeout' : 'network');
    }
    if (!response.ok) {
      const problem = await problemOf(response);
      // A wrong password, at the login or when it is to be changed, says nothing about the session.
      const passwordRefused = path === '/desk/login' || problem.code === 'wrong_password';
      if (response.status === 401 && !passwordRefused) options.onUnauthorized?.();
      throw new ApiError(response.status, problem.code ?? '', problem, retryAfterOf(response, problem));
    }
    // The caller's type is the contract; a body that is absent or of no interest is not parsed.
    const text = response.status === 204 ? '' : await response.text().catch(() => '');
    if (text === '') return undefined as T;
    try {
      return withoutNulls(JSON.parse(text)) as T;
    } catch {
      throw new ApiError(502, 'bad_body');
    }
  }

  const at = (id: string): string => `/desk/conversations/${encodeURIComponent(id)}`;
  return {
    login: (name: string, password: string) => call<LoginReply>('POST', '/desk/login', { name, password }),
    logout: () => call<undefined>('POST', '/desk/logout'),
    me: () => call<Me>('GET', '/desk/me'),
    changePassword: (current: string, next: string) =>
      call<undefined>('POST', '/desk/password', { current, new: next }),
    queue: () => call<QueueView>('GET', '/desk/queue'),
    conversation: async (id: string): Promise<Transcript> => {
      const { transcript, ...rest } = await call<Omit<Transcript, 'messages'> & { transcript: Transcript['messages'] }>(
        'GET',
        at(id),
      );
      return { ...rest, messages: transcript };
    },
    /** Nothing, where the platform does not tell. */
    enterprise: (id: string) => call<Enterprise | undefined>('GET', `${at(id)}/enterprise`),
    claim: (id: string) => call<ClaimReply>('POST', `${at(id)}/claim`),
    say: (id: string, message: { id: string; text: string }) =>
      call<Message>('POST', `${at(id)}/messages`, message),
    sendFile: (id: string, sent: { id: string; file: File }) => {
      const form = new FormData();
      form.append('id', sent.id);
      form.append('file', sent.file, sent.file.name);
      return call<Message>('POST', `${at(id)}/files`, form);
    },
    channels: () => call<ChannelState[]>('GET', '/desk/channels'),
    release: (id: string) => call<unknown>('POST', `${at(id)}/release`),
    close: (id: string) => call<unknown>('POST', `${at(id)}/close`),
    /** The server writes down who looked. */
    reveal: (id: string, seq: number) => call<Revealed>('POST', `${at(id)}/messages/${seq}/reveal`),
    typing: (id: string) => call<undefined>('POST', `${at(id)}/typing`),
    entry: (id: string) => call<Entry>('GET', `/knowledge/${encodeURIComponent(id)}`),
    ...searchCalls(call),
    ...shareCalls(call),
    suggest: (q: string, limit = 8) =>
      call<{ suggestions: Suggestion[] }>('GET', `/suggest?q=${encodeURIComponent(q)}&limit=${limit}`),
  };
}
