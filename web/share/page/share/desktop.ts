/** The link was opened, and the desktop is asked for: this page stays, and assist.js shows the desktop from it. */
import { keep as keepShare, kept } from '@yikouwen/shared/assist/kept';

/** Where the form is, so that loading this page again leads nowhere else. */
const FORM = 'yikouwen.share.form';

/** Phones show no desktop. */
export function canShow({ userAgent, maxTouchPoints, mediaDevices }: Pick<Navigator, 'userAgent' | 'maxTouchPoints'> & { mediaDevices?: Partial<MediaDevices> }): boolean {
  const tablet = userAgent.includes('Macintosh') && maxTouchPoints > 1;
  return !/Android|iPhone|iPad|Mobi|HarmonyOS/i.test(userAgent) && !tablet && typeof mediaDevices?.getDisplayMedia === 'function';
}

/** The form's address, if this link was opened in this tab before. */
export function opened(id: string): string | undefined {
  try {
    return kept(undefined)?.sid === id ? (sessionStorage.getItem(FORM) ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

export function keep(id: string, token: string, form: string): void {
  keepShare({ sid: id, token });
  sessionStorage.setItem(FORM, form);
}

let loaded = false;

/** Asks, with a warning first; nothing is seen before a window was chosen. */
export function show(): void {
  if (loaded) {
    window.dispatchEvent(new CustomEvent('yikouwen:screen'));
    return;
  }
  loaded = true;
  const script = document.createElement('script');
  script.src = '/assist.js';
  script.dataset['desktop'] = '';
  document.body.append(script);
}
