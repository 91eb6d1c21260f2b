/** A shared page as the server lists it. */
export interface Share {
  id: string;
  state: string;
  purpose: string;
  created_at: string;
  expires_at: string;
}

/** A form that citizens can be helped with. */
export interface FormChoice {
  title: string;
  url: string;
}

type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;

const at = (conversation: string): string => `/desk/conversations/${encodeURIComponent(conversation)}/shares`;

export const shareCalls = (call: Call) => ({
  shares: async (conversation: string): Promise<{ shares: Share[]; forms: FormChoice[] }> => {
    const { shares, forms = [] } = await call<{ shares: Share[]; forms?: FormChoice[] }>('GET', at(conversation));
    return { shares, forms };
  },
  /** The first form, unless another is chosen. */
  askShare: (conversation: string, purpose: string, form?: string) =>
    call<{ share: Share; link: string }>('POST', at(conversation), { purpose, ...(form === undefined ? {} : { form }) }),
  endShare: (share: string) => call<unknown>('POST', `/desk/shares/${encodeURIComponent(share)}/end`),
});
