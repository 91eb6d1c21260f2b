/** What the page's address says. */
export interface Place {
  /** The login that was begun in a channel. */
  login: string | undefined;
  /** How the way over the provider ended, when it did not end well. */
  fault: ProviderFault | undefined;
  /** The conversation that is open. */
  conversation: string | undefined;
}

export type ProviderFault = 'denied' | 'failed' | 'expired' | 'unreachable';

const faults: readonly string[] = ['denied', 'failed', 'expired', 'unreachable'] satisfies ProviderFault[];

/** Ids are the server's; anything else is no id, and is not sent anywhere. */
const ID = /^[\w-]{1,128}$/;

export function readPlace({ pathname, search, hash }: Pick<Location, 'pathname' | 'search' | 'hash'>): Place {
  const query = new URLSearchParams(search);
  const login = /\/login\/([^/]+)\/?$/.exec(pathname)?.[1] ?? query.get('login') ?? '';
  const error = query.get('error');
  return {
    login: ID.test(login) ? login : undefined,
    // A fault that a newer server knows and this page does not is a failure all the same.
    fault: error === null ? undefined : faults.includes(error) ? (error as ProviderFault) : 'failed',
    conversation: readTalk(hash),
  };
}

export function readTalk(hash: string): string | undefined {
  const id = /^#\/c\/([^/]+)$/.exec(hash)?.[1] ?? '';
  return ID.test(id) ? id : undefined;
}

export function talkHash(id: string): string {
  return `#/c/${id}`;
}
