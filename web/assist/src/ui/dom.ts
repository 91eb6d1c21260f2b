type Child = Node | string | undefined;
type Properties = Record<string, string | ((event: Event) => void) | boolean | undefined>;

/** An element with attributes, listeners (functions) and children. Words never become markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    // A page's strict policy forbids style attributes, and has nothing against the same through the object model.
    if (name === 'style' && typeof value === 'string') element.style.cssText = value;
    else if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (typeof value === 'string') element.setAttribute(name, value);
  }
  for (const child of children) if (child !== undefined) element.append(child);
  return element;
}

export function button(words: string, kind: string, testId: string, press: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: kind, 'data-testid': testId, click: press }, words);
}
