import base from './styles/base.css?inline';
import composer from './styles/composer.css?inline';
import old from './styles/old.css?inline';
import sheet from './styles/sheet.css?inline';
import thread from './styles/thread.css?inline';

const text = [base, thread, composer, sheet, old].join('\n');

/** Puts the styles on a shadow root without a style element, so that a page's strict policy has nothing to forbid. */
export function dress(root: ShadowRoot): void {
  try {
    const style = new CSSStyleSheet();
    style.replaceSync(text);
    root.adoptedStyleSheets = [style];
  } catch {
    // Phones from before 2023 can't construct style sheets; there the element is the only way.
    const style = document.createElement('style');
    style.textContent = text;
    root.append(style);
  }
}
