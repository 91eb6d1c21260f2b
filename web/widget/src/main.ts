/** The script a page includes. It defines the element, and puts one on the page when the page has none. */
import './old';

import { YikouwenChat } from './element';
import { scriptData } from './options';

const NAME = 'yikouwen-chat';

function place(): void {
  if (document.querySelector(NAME)) return;
  const element = document.createElement(NAME);
  for (const [key, value] of Object.entries(scriptData)) if (value !== undefined) element.dataset[key] = value;
  document.body.append(element);
}

// Included twice, by the page and by a frame's template for example, the first one stays.
if (!customElements.get(NAME)) {
  customElements.define(NAME, YikouwenChat);
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', place);
  else place();
}
