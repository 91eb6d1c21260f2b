import type { ShareKind } from '@yikouwen/shared/assist/wire';
import type { OwnPage } from '@yikouwen/shared/sharelink';

/** A shared page as the server lists it. */
export interface Share {
  id: string;
  state: string;
  purpose: string;
  kind?: ShareKind;
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
  shares: async (conversation: string): Promise<{ shares: Share[]; forms: FormChoice[]; pages: OwnPage[]; screen: boolean }> => {
    const listed = await call<{ shares: Share[]; forms?: FormChoice[]; pages?: OwnPage[]; screen?: boolean }>('GET', at(conversation));
    return { shares: listed.shares, forms: listed.forms ?? [], pages: listed.pages ?? [], screen: listed.screen ?? false };
  },
  /** The first form, unless another is chosen, or the desktop. */
  askShare: (conversation: string, purpose: string, form?: string, kind?: ShareKind) =>
    call<{ share: Share; link: string }>('POST', at(conversation), {
      purpose,
      ...(form === undefined ? {} : { form }),
      ...(kind === undefined ? {} : { kind }),
    }),
  endShare: (share: string) => call<unknown>('POST', `/desk/shares/${encodeURIComponent(share)}/end`),
});
