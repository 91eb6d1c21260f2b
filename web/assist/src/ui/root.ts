import css from './ui.css?inline';
import { h } from './dom';

/** Where everything of ours is drawn: a closed shadow root that the page can't style and the recorder never enters. */
export interface Surface {
  root: HTMLElement;
  /** The page may take its elements out; this one comes back. */
  keep: () => void;
  remove: () => void;
}

export function createSurface(): Surface {
  const host = document.createElement('div');
  host.className = 'rr-block';
  host.dataset['yikouwenAssist'] = '';
  const shadow = host.attachShadow({ mode: 'closed' });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
  } catch {
    const style = document.createElement('style');
    style.textContent = css;
    shadow.append(style);
  }
  const root = h('div', { class: 'root' });
  shadow.append(root);
  const keep = (): void => {
    if (!host.isConnected) document.body.append(host);
  };
  keep();
  return { root, keep, remove: () => host.remove() };
}
