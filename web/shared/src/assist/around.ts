/** Parts of a page of which nothing is sent. */
export const BLOCKED = '[data-assist="block"], [data-assist-block], .rr-block';

/** What an element stands in, from the inside out, through shadow roots: a chat on a page is drawn in one. */
export function* around(element: Element): Generator<Element> {
  let at: Element | null = element;
  while (at) {
    yield at;
    at = above(at);
  }
}

function above(element: Element): Element | null {
  if (element.parentElement) return element.parentElement;
  const root = element.getRootNode();
  // A picture's elements are of another realm, so a shadow root is told by what it has.
  return 'host' in root ? (root as ShadowRoot).host : null;
}

/** The nearest element around this one that matches, itself included. */
export function nearest(element: Element, selector: string): Element | undefined {
  for (const at of around(element)) if (at.matches(selector)) return at;
  return undefined;
}
