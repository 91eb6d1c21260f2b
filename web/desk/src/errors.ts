import { ApiError } from './api';
import type { Texts } from './locales/zh';

/** What to tell a person about a failure: the server's own words where it has some, ours where it was silent. */
export function explain(error: unknown, t: Texts): string {
  if (!(error instanceof ApiError)) return t.errors.refused;
  if (error.status === 0) return error.code === 'timeout' ? t.errors.timeout : t.errors.network;
  // Titles come in the reader's language; details are for whoever looks deeper.
  const words = error.problem.title || undefined;
  if (error.status === 429) return words ?? t.errors.busy;
  if (error.status >= 500) return words ?? t.errors.server;
  if (words !== undefined) return words;
  if (error.status === 403) return t.errors.forbidden;
  if (error.status === 404) return t.errors.missing;
  return error.status === 409 ? t.errors.notYours : t.errors.refused;
}
