import { canShow, keep, opened as before, show } from './desktop';
import { leave, linkOf, openLink, pageOf, proofOf, returnedOf } from './open';
import { settle } from './telegram';
import { en, faults, own } from './words';

function find<T extends HTMLElement>(kind: abstract new () => T, id: string): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

const english = /^en\b/i.test(navigator.language);
const texts = english ? faults.en : faults.zh;
const page = pageOf(location);
const words: Record<string, string> = { ...(english ? en : {}), ...(page ? own[english ? 'en' : 'zh'][page] : {}) };
if (english) document.documentElement.lang = 'en';
for (const element of document.querySelectorAll('[data-t]')) {
  element.textContent = words[element.getAttribute('data-t') ?? ''] ?? element.textContent;
}
document.title = words['title'] ?? document.title;

/** How long the platform's page may take to show, in milliseconds. */
const DOOR = 8_000;
const link = linkOf(location);
/** How the citizen's platform sent this browser back, if it was there. */
const returned = returnedOf(location);
const proof = proofOf(location);
if (proof !== undefined) settle();
// What the platform brought is used once, and a page that is loaded again begins anew.
if (link && returned !== undefined) history.replaceState(null, '', `${location.pathname}#k=${link.key}`);
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

function wait(on: boolean): void {
  busy = on;
  if (on) fault.hidden = true;
  if (on) button.setAttribute('aria-disabled', 'true');
  else button.removeAttribute('aria-disabled');
  button.textContent = on ? texts.opening : label;
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
  wait(true);
  const opened = await openLink(link, asked ? { code: digits } : { proof });
  if (opened.state === 'code' && !asked && returned === undefined) {
    // The platform may say who it is; then nobody has to type digits. It shows its own page meanwhile, or none.
    const door = navigator.cookieEnabled ? await leave(link) : undefined;
    if (door !== undefined) {
      location.assign(door);
      // A page that does not come must not hold anybody up: pressed once more, the button asks for the digits.
      setTimeout(() => wait(false), DOOR);
      return;
    }
  }
  wait(false);
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
      askCode();
      if (opened.again) tell(texts.code);
      return;
    case 'gone':
      tell(texts.gone, true);
      return;
    case 'failed':
      tell(texts.failed);
  }
}

function askCode(): void {
  form.hidden = false;
  code.value = '';
  code.focus();
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
else if (returned === 'code') askCode();
// The button was pressed before this browser left.
else if (returned === 'known') void press();
button.addEventListener('click', () => void press());
// Going back from the platform's page shows this one as it was left.
addEventListener('pageshow', (event) => {
  if (event.persisted) wait(false);
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void press();
});
