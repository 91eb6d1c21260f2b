/** A shared page as the server lists it. */
export interface Share {
  id: string;
  state: string;
  purpose: string;
  created_at: string;
  expires_at: string;
}

type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;

export const shareCalls = (call: Call) => ({
  shares: async (conversation: string): Promise<Share[]> => {
    const listed = await call<Share[] | { shares: Share[] }>('GET', `/desk/conversations/${encodeURIComponent(conversation)}/shares`);
    return Array.isArray(listed) ? listed : listed.shares;
  },
  askShare: (conversation: string, purpose: string) =>
    call<{ share: Share; link: string }>('POST', `/desk/conversations/${encodeURIComponent(conversation)}/shares`, { purpose }),
  endShare: (share: string) => call<unknown>('POST', `/desk/shares/${encodeURIComponent(share)}/end`),
});
