/** A helper proposes, the citizen applies. Nothing here runs before the citizen has agreed to this very value. */
import { labelOf } from '@yikouwen/shared/assist/label';
import { forbidden } from '@yikouwen/shared/assist/touch';
import type { Proposal } from '@yikouwen/shared/assist/wire';

import { classOf } from './fields';

export type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

export interface Candidate {
  field: Field;
  label: string;
  /** What stands there now, and what would, in the words of the page. */
  before: string;
  after: string;
  /** What tells whether the field has been changed since. */
  raw: string;
  /** May be agreed to together with others. */
  harmless: boolean;
}

/** Whether the proposal may be shown; looked at again when the citizen agrees, for the page may have changed. */
export function judge(proposal: Proposal, node: Node | null): Candidate | 'stale' | 'denied' {
  if (!(node instanceof HTMLElement) || !node.isConnected) return 'stale';
  if (forbidden(node) !== undefined) return 'denied';
  const field = node as Field;
  const label = labelOf(field);
  if (proposal.expect.name !== (field.getAttribute('name') ?? '') || proposal.expect.label !== label) return 'stale';
  const after = inWords(field, proposal.value);
  // A value that the field can't take would be applied as something else.
  if (after === undefined) return 'denied';
  return {
    field,
    label,
    before: inWords(field, raw(field)) ?? '',
    after,
    raw: raw(field),
    harmless: classOf(field) === 'show' && !/tel|email/.test(field.type),
  };
}

function isChoice(field: Field): field is HTMLInputElement {
  return field instanceof HTMLInputElement && (field.type === 'checkbox' || field.type === 'radio');
}

export function raw(field: Field): string {
  return isChoice(field) ? String(field.checked) : field.value;
}

function inWords(field: Field, value: string): string | undefined {
  if (isChoice(field)) {
    if (field.type === 'radio' && value === 'false') return field.checked ? undefined : '';
    return value === 'true' ? '✓' : value === 'false' ? '' : undefined;
  }
  if (field instanceof HTMLSelectElement) {
    if (field.multiple) return undefined;
    return value === '' && field.value === '' ? '' : option(field, value)?.text.trim();
  }
  if (field instanceof HTMLInputElement && value !== '' && !takes(field, value)) return undefined;
  return field instanceof HTMLInputElement && /[\r\n]/.test(value) ? undefined : value;
}

/** Dates and numbers swallow what they don't understand. */
function takes(field: HTMLInputElement, value: string): boolean {
  const probe = document.createElement('input');
  probe.type = field.type;
  probe.value = value;
  return probe.value === value && (field.maxLength < 0 || value.length <= field.maxLength);
}

function option(select: HTMLSelectElement, value: string): HTMLOptionElement | undefined {
  const options = Array.from(select.options).filter(({ disabled }) => !disabled);
  return options.find((one) => one.value === value) ?? options.find((one) => one.text.trim() === value.trim());
}

/** Writes the value as a person would; gives back what undoes it. */
export function apply(field: Field, value: string): () => void {
  if (isChoice(field)) return choose(field, value === 'true');
  const before = field.value;
  write(field, field instanceof HTMLSelectElement ? (option(field, value)?.value ?? before) : value);
  return () => write(field, before);
}

function choose(field: HTMLInputElement, wanted: boolean): () => void {
  if (field.checked === wanted) return () => undefined;
  const root = field.getRootNode() as Document | ShadowRoot;
  const before = Array.from(root.querySelectorAll<HTMLInputElement>('input[type="radio"]')).find(
    (one) => field.type === 'radio' && one.name === field.name && one.form === field.form && one.checked,
  );
  field.click();
  return () => {
    if (field.type === 'checkbox') field.click();
    else if (before) before.click();
    else {
      // Nothing was chosen, and a click can't go back there.
      setter(field, 'checked')(false);
      tell(field);
    }
  };
}

/**
 * The setter of the field's own class: React overrides it on the element to notice changes, and Vue listens to the events;
 * `input` is for those who follow each letter, `change` for those who wait for the end.
 */
function write(field: Field, value: string): void {
  setter(field, 'value')(value);
  tell(field);
}

function setter(field: Field, property: 'value' | 'checked'): (value: unknown) => void {
  const described = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field) as object, property);
  return (value) => described?.set?.call(field, value);
}

function tell(field: Field): void {
  field.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true, inputType: 'insertReplacementText' }));
  field.dispatchEvent(new Event('change', { bubbles: true }));
}
