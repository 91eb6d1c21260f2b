/**
 * Browser storage that never throws. A page in a private window or an embedded frame may forbid storage; then things
 * are remembered until the page is left, which is still better than not answering.
 */
export interface Keep {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export function safeStorage(pick: () => Storage): Keep {
  const memory = new Map<string, string>();
  const attempt = <T>(work: (storage: Storage) => T): T | undefined => {
    try {
      return work(pick());
    } catch {
      return undefined;
    }
  };
  return {
    get: (key) => memory.get(key) ?? attempt((storage) => storage.getItem(key)) ?? null,
    set: (key, value) => {
      const done = attempt((storage) => {
        storage.setItem(key, value);
        return true;
      });
      if (done) memory.delete(key);
      else memory.set(key, value);
    },
    remove: (key) => {
      memory.delete(key);
      attempt((storage) => storage.removeItem(key));
    },
  };
}

export interface Keeps {
  /** Outlives the tab: who the visitor is and how he likes to read. */
  lasting: Keep;
  /** Belongs to the tab: words not yet sent. */
  tab: Keep;
}

export function browserKeeps(): Keeps {
  return {
    lasting: safeStorage(() => window.localStorage),
    tab: safeStorage(() => window.sessionStorage),
  };
}

export const keys = {
  token: 'yikouwen.token',
  locale: 'yikouwen.locale',
  large: 'yikouwen.large',
  rated: 'yikouwen.rated',
  outbox: 'yikouwen.outbox',
  words: 'yikouwen.words',
  open: 'yikouwen.open',
} as const;
