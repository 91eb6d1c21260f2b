/**
 * Browser storage that never throws: a locked-down browser refuses it, and the desk then merely forgets at reload.
 * Words of citizens and helpers go to the tab's storage only, which ends with the tab; preferences stay longer.
 */
export interface Cupboard {
  read: (key: string) => unknown;
  write: (key: string, value: unknown) => void;
  remove: (key: string) => void;
}

function cupboard(open: () => Storage): Cupboard {
  return {
    read(key) {
      try {
        const text = open().getItem(key);
        return text === null ? undefined : (JSON.parse(text) as unknown);
      } catch {
        return undefined;
      }
    },
    write(key, value) {
      try {
        open().setItem(key, JSON.stringify(value));
      } catch {
        // Full or forbidden; the value still lives in memory.
      }
    },
    remove(key) {
      try {
        open().removeItem(key);
      } catch {
        // Nothing was kept, so there is nothing to remove.
      }
    },
  };
}

export const preferences = cupboard(() => window.localStorage);
export const tabStorage = cupboard(() => window.sessionStorage);
