/** A share as the tab remembers it, so that it goes on after the page is loaded again. */
import type { OwnPage } from '../sharelink';

const KEY = 'yikouwen.assist';

export interface Kept {
  sid: string;
  token: string;
  /** The page of ours that it is for; absent for forms. What was agreed to for one shows no other. */
  page?: OwnPage | undefined;
  /** It was agreed to in this tab that the page is seen: a share that comes from elsewhere asks first, whatever was said there. */
  agreed?: boolean;
}

export function keep(share: Kept | undefined): void {
  try {
    if (share) sessionStorage.setItem(KEY, JSON.stringify(share));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Then the share ends with this page.
  }
}

/** The share that this page goes on with. */
export function kept(page: OwnPage | undefined): Kept | undefined {
  try {
    const value = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Partial<Kept> | null;
    if (!value?.sid || !value.token || value.page !== page) return undefined;
    return { sid: value.sid, token: value.token, page, agreed: value.agreed === true };
  } catch {
    return undefined;
  }
}
