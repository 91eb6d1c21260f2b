/** Parts of a knowledge entry as text for a reply. */
import type { Entry, Material, PolicyCondition, ServiceWindow } from '@yikouwen/shared/wire';

import type { Texts } from './locales/zh';

export type Part = 'answer' | 'materials' | 'conditions' | 'steps' | 'windows' | 'benefits';

export function conditionText(condition: string | PolicyCondition, t: Texts): string {
  if (typeof condition === 'string') return condition;
  const { field, op, value } = condition;
  const shown = Array.isArray(value) ? value.map(String).join(t.evidence.or) : String(value);
  return `${field} ${t.evidence.ops[op]} ${shown}`;
}

export function materialText(material: Material, t: Texts): string {
  const { name, form, copies, note } = material;
  const details = [form, copies === undefined ? undefined : t.evidence.copies(copies), note];
  const said = details.filter((detail) => detail !== undefined && detail !== '').join(t.quote.comma);
  return said === '' ? name : `${name}（${said}）`;
}

export function windowText(window: ServiceWindow, t: Texts): string {
  const { name, address, hours, phone } = window;
  const parts = [name, address, hours && t.quote.hours(hours), phone && t.quote.phone(phone)];
  return parts.filter((part) => part !== undefined && part !== '').join(t.quote.comma);
}

/** The sentences of a source, as a quotation that names it. */
export function quoteText(quote: string, title: string, t: Texts): string {
  return quote.trim() + t.quote.source(title);
}

export function partText(entry: Entry, part: Part, t: Texts): string {
  const source = entry.source?.title ?? entry.title;
  if (part === 'answer') return quoteText(entry.answer ?? '', source, t);
  if (part === 'benefits') return quoteText(entry.benefits ?? '', source, t);
  return [t.quote.heading(entry.title, t.evidence[part]), ...lines(entry, part, t)].join('\n');
}

function lines(entry: Entry, part: Exclude<Part, 'answer' | 'benefits'>, t: Texts): string[] {
  switch (part) {
    case 'materials':
      return (entry.materials ?? []).map((material) => `- ${materialText(material, t)}`);
    case 'conditions':
      return (entry.conditions ?? []).map((condition) => `- ${conditionText(condition, t)}`);
    case 'steps':
      return (entry.steps ?? []).map((step, index) => `${index + 1}. ${step}`);
    case 'windows':
      return (entry.windows ?? []).map((window) => `- ${windowText(window, t)}`);
  }
}
