/** The demo form 企业设立登记: four steps on one page. It sends nothing anywhere; `rules.ts` says what has to hold. */
import { faultsOf, fullName, receiptNumber, type Faults, type Holder, type Values } from './rules';

const KEY = 'yikouwen.form.enterprise';
const STEPS = 4;

interface Draft {
  step: number;
  values: Values;
  holders: Holder[];
}

function find<T extends Element>(kind: abstract new () => T, selector: string, within: ParentNode = document): T {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
const control = (name: string, within: ParentNode): Control => find(HTMLElement, `[data-field="${name}"]`, within) as Control;
const form = find(HTMLFormElement, 'form');
const holders = find(HTMLElement, '#holders');
const template = find(HTMLTemplateElement, '#holder');
const summary = find(HTMLElement, '#summary');
let step = 1;

function named(): Control[] {
  return Array.from(form.querySelectorAll<Control>('[name]:not([data-field])'));
}
function isTicked(control: Control): control is HTMLInputElement {
  return control instanceof HTMLInputElement && /radio|checkbox/.test(control.type);
}

function read(): { values: Values; holders: Holder[] } {
  const values: Values = {};
  for (const field of named()) {
    if (!isTicked(field)) values[field.name] = field.value;
    else if (field.type === 'radio') values[field.name] = field.checked ? field.value : (values[field.name] ?? '');
    else if (field.name === 'declare') values[field.name] = String(field.checked);
  }
  const list = Array.from(holders.children, (one) => {
    const part = (name: string): string => control(name, one).value;
    return { name: part('name'), id: part('id'), amount: part('amount'), way: part('way') };
  });
  return { values, holders: list };
}

function addHolder(holder?: Holder): void {
  const at = holders.children.length;
  holders.append(template.content.cloneNode(true));
  const fresh = holders.lastElementChild;
  if (!fresh) return;
  for (const [name, value] of Object.entries(holder ?? {})) control(name, fresh).value = value as string;
  find(HTMLButtonElement, '.remove', fresh).addEventListener('click', () => {
    fresh.remove();
    number();
    save();
  });
  number();
  if (at > 0 && !holder) find(HTMLInputElement, 'input', fresh).focus();
}

/** Every field of a shareholder gets names of its own, which change when one is removed. */
function number(): void {
  Array.from(holders.children).forEach((one, at) => {
    find(HTMLElement, 'legend', one).textContent = `第 ${at + 1} 位股东`;
    find(HTMLElement, '.remove', one).hidden = holders.children.length === 1;
    for (const field of one.querySelectorAll<Control>('[data-field]')) {
      const id = `holder-${at}-${field.dataset['field'] ?? ''}`;
      field.id = id;
      field.setAttribute('name', id);
      field.parentElement?.querySelector('label')?.setAttribute('for', id);
      const error = field.parentElement?.querySelector('.error');
      if (error) error.id = `${id}-error`;
    }
  });
}

function save(): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ step, ...read() } satisfies Draft));
  } catch {
    // A full or forbidden storage costs the draft, not the form.
  }
}

function restore(): void {
  let draft: Partial<Draft> = {};
  try {
    draft = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Draft>;
  } catch {
    // As good as none.
  }
  for (const field of named()) {
    const value = draft.values?.[field.name];
    if (value === undefined) continue;
    // What is promised is promised anew each time.
    if (!isTicked(field)) field.value = value;
    else if (field.type === 'radio') field.checked = field.value === value;
  }
  for (const holder of draft.holders ?? []) addHolder(holder);
  if (holders.children.length === 0) addHolder();
  showName();
  show(Math.min(Math.max(draft.step ?? 1, 1), STEPS));
}

function show(next: number): void {
  step = next;
  for (const section of form.querySelectorAll<HTMLElement>('[data-step]')) section.hidden = Number(section.dataset['step']) !== step;
  Array.from(find(HTMLElement, '.steps').children).forEach((one, at) => {
    one.classList.toggle('done', at + 1 < step);
    if (at + 1 === step) one.setAttribute('aria-current', 'step');
    else one.removeAttribute('aria-current');
  });
  find(HTMLElement, '#back').hidden = step === 1;
  find(HTMLElement, '#next').textContent = step === STEPS ? '提交申请' : '下一步';
  if (step === STEPS) review();
  clearFaults();
}

function go(next: number): void {
  show(next);
  save();
  window.scrollTo(0, 0);
  find(HTMLElement, `[data-step="${step}"] h2`).focus({ preventScroll: true });
}

function showName(): void {
  find(HTMLElement, '#full-name').textContent = fullName(read().values) || '填好上面几项以后显示在这里';
}

function review(): void {
  const { values, holders: list } = read();
  const rows: [string, string][] = [
    ['企业全称', fullName(values)],
    ['地址', `${values['district'] ?? ''}${values['address'] ?? ''}`],
    ['经营范围', values['scope'] ?? ''],
    ['注册资本', `${values['capital'] ?? ''} 万元`],
    ...list.map(({ name, amount, way }, at): [string, string] => [`股东 ${at + 1}`, `${name}，${amount} 万元，${way}`]),
  ];
  find(HTMLElement, '#review').replaceChildren(
    ...rows.flatMap(([term, text]) => {
      const dt = document.createElement('dt');
      dt.textContent = term;
      dt.setAttribute('data-assist-show', '');
      const dd = document.createElement('dd');
      dd.textContent = text;
      return [dt, dd];
    }),
  );
}

function clearFaults(): void {
  summary.hidden = true;
  for (const error of form.querySelectorAll<HTMLElement>('.error')) error.hidden = true;
  for (const field of form.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
}

function showFaults(faults: Faults): void {
  clearFaults();
  const links = Array.from(faults, ([id, words]) => {
    const error = find(HTMLElement, `#${id}-error`);
    error.textContent = words;
    error.hidden = false;
    const field = document.getElementById(id);
    const asked = field?.matches('fieldset') ? field.querySelector('input') : field;
    asked?.setAttribute('aria-invalid', 'true');
    asked?.setAttribute('aria-describedby', `${id}-error`);
    const link = document.createElement('a');
    link.href = `#${id}`;
    link.textContent = words;
    link.addEventListener('click', (event) => {
      event.preventDefault();
      (asked && asked.tabIndex >= 0 ? asked : error).focus();
      error.scrollIntoView({ block: 'center' });
    });
    return link;
  });
  const title = document.createElement('strong');
  title.textContent = `还有 ${faults.size} 处要改：`;
  summary.replaceChildren(title, ...links);
  summary.hidden = false;
  summary.focus();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { values, holders: list } = read();
  const faults = faultsOf(step, values, list);
  if (faults.size > 0) showFaults(faults);
  else if (step < STEPS) go(step + 1);
  else finish();
});

function finish(): void {
  sessionStorage.removeItem(KEY);
  form.hidden = true;
  find(HTMLElement, '.steps').hidden = true;
  find(HTMLElement, '#receipt-number').textContent = receiptNumber(new Date());
  const receipt = find(HTMLElement, '#receipt');
  receipt.hidden = false;
  receipt.focus();
}

form.addEventListener('input', () => {
  showName();
  save();
});
form.addEventListener('change', ({ target }) => {
  if (target instanceof HTMLInputElement && target.name === 'common') {
    const scope = find(HTMLTextAreaElement, '#scope');
    const parts = scope.value.split(/[；;\n]/).map((part) => part.trim()).filter((part) => part !== '' && part !== target.value);
    scope.value = [...parts, ...(target.checked ? [target.value] : [])].join('；');
  }
  showName();
  save();
});
find(HTMLElement, '#back').addEventListener('click', () => go(step - 1));
find(HTMLElement, '#add-holder').addEventListener('click', () => {
  addHolder();
  save();
});
find(HTMLElement, '#again').addEventListener('click', () => location.reload());
restore();
