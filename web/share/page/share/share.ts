import { canShow, keep, opened as before, show } from './desktop';
import { linkOf, openLink } from './open';
import { en, faults } from './words';

function find<T extends HTMLElement>(kind: abstract new () => T, id: string): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

const english = /^en\b/i.test(navigator.language);
const texts = english ? faults.en : faults.zh;
if (english) {
  document.documentElement.lang = 'en';
  for (const element of document.querySelectorAll('[data-t]')) {
    element.textContent = en[element.getAttribute('data-t') ?? ''] ?? element.textContent;
  }
  document.title = en['title'] ?? document.title;
}

const link = linkOf(location);
const button = find(HTMLButtonElement, 'open');
const form = find(HTMLFormElement, 'code-form');
const code = find(HTMLInputElement, 'code');
const fault = find(HTMLElement, 'fault');
const label = button.textContent;
let busy = false;

function tell(words: string, last = false): void {
  fault.textContent = words;
  fault.hidden = false;
  if (last) find(HTMLElement, 'start').hidden = true;
}

async function press(): Promise<void> {
  if (!link || busy) return;
  const asked = !form.hidden;
  const digits = code.value.replace(/\D/g, '');
  if (asked && digits.length !== 6) {
    tell(texts.short);
    code.focus();
    return;
  }
  busy = true;
  fault.hidden = true;
  button.setAttribute('aria-disabled', 'true');
  button.textContent = texts.opening;
  const opened = await openLink(link, asked ? digits : undefined);
  busy = false;
  button.removeAttribute('aria-disabled');
  button.textContent = label;
  switch (opened.state) {
    case 'open':
      if (opened.kind === 'screen' && canShow(navigator)) {
        keep(link.id, opened.token, opened.address);
        offer(opened.address);
        return;
      }
      // The link's page has done its work: going back must not lead to it.
      location.replace(opened.address);
      return;
    case 'code':
      form.hidden = false;
      if (opened.again) tell(texts.code);
      code.value = '';
      code.focus();
      return;
    case 'gone':
      tell(texts.gone, true);
      return;
    case 'failed':
      tell(texts.failed);
  }
}

/** Beside the form there is the desktop to be shown, for pages that are not ours. */
function offer(form: string): void {
  find(HTMLElement, 'start').hidden = true;
  find(HTMLElement, 'note').hidden = true;
  find(HTMLElement, 'desktop').hidden = false;
  find(HTMLButtonElement, 'show').focus();
  find(HTMLButtonElement, 'form').addEventListener('click', () => location.replace(form));
}
find(HTMLButtonElement, 'show').addEventListener('click', show);

const earlier = link && before(link.id);
if (earlier !== undefined) offer(earlier);
else if (!link) tell(texts.broken, true);
button.addEventListener('click', () => void press());
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void press();
});
