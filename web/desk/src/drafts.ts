import { reactive } from 'vue';

import type { Cupboard } from './storage';

/** Half-written replies, one a conversation; they survive a change of conversation and a reload of the tab. */
export interface Drafts {
  get: (conversation: string) => string;
  set: (conversation: string, text: string) => void;
  /** Adds a paragraph at the end. */
  append: (conversation: string, text: string) => void;
}

export function createDrafts(storage: Cupboard, key: string): Drafts {
  const kept = storage.read(key);
  const texts = reactive(new Map<string, string>());
  if (typeof kept === 'object' && kept !== null) {
    for (const [conversation, text] of Object.entries(kept)) {
      if (typeof text === 'string') texts.set(conversation, text);
    }
  }
  const get = (conversation: string): string => texts.get(conversation) ?? '';
  const set = (conversation: string, text: string): void => {
    if (text === '') texts.delete(conversation);
    else texts.set(conversation, text);
    if (texts.size === 0) storage.remove(key);
    else storage.write(key, Object.fromEntries(texts));
  };
  return {
    get,
    set,
    append(conversation, text) {
      const before = get(conversation).trimEnd();
      set(conversation, before === '' ? text : `${before}\n\n${text}`);
    },
  };
}
