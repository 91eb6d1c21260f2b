import base from './styles/base.css?inline';
import composer from './styles/composer.css?inline';
import old from './styles/old.css?inline';
import sheet from './styles/sheet.css?inline';
import thread from './styles/thread.css?inline';

const text = [base, thread, composer, sheet, old].join('\n');

/**
 * Puts the styles on a shadow root without a style element, so that a page's strict policy has nothing to forbid. On a page of our
 * own they are an element, because a recorder sends what stands in a page, and the page may be shared with a helper.
 */
export function dress(root: ShadowRoot, isOwnPage: boolean): void {
  const sheet = isOwnPage ? undefined : constructed();
  if (sheet) {
    root.adoptedStyleSheets = [sheet];
    return;
  }
  const style = document.createElement('style');
  style.textContent = text;
  root.append(style);
}

/** Phones from before 2023 can't construct style sheets; there the element is the only way. */
function constructed(): CSSStyleSheet | undefined {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  } catch {
    return undefined;
  }
}
