/** What is hidden in one message: shown on a press, for a minute, and kept nowhere. */
import type { Revealed } from '@yikouwen/shared/wire';
import { onScopeDispose, shallowRef, type Ref } from 'vue';

/** How long it stays, in milliseconds. */
export const SHOWN_FOR = 60_000;

export interface Reveal {
  /** What is shown at present. */
  shown: Readonly<Ref<Revealed | undefined>>;
  busy: Readonly<Ref<boolean>>;
  /** Rejects when the server refuses. */
  show: () => Promise<void>;
  hide: () => void;
}

export function useReveal(ask: () => Promise<Revealed>): Reveal {
  const shown = shallowRef<Revealed>();
  const busy = shallowRef(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;
  const hide = (): void => {
    clearTimeout(timer);
    shown.value = undefined;
  };
  onScopeDispose(() => {
    gone = true;
    hide();
  });
  async function show(): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    try {
      const revealed = await ask();
      // Whoever left the conversation meanwhile does not see it any more.
      if (gone) return;
      hide();
      shown.value = revealed;
      timer = setTimeout(hide, SHOWN_FOR);
    } finally {
      busy.value = false;
    }
  }
  return { shown, busy, show, hide };
}
