import { onScopeDispose, ref, type Ref } from 'vue';

/** Whole seconds that count down to zero, for a server that asks to wait. */
export function useCountdown(): { left: Readonly<Ref<number>>; start: (seconds: number) => void } {
  const left = ref(0);
  let timer: ReturnType<typeof setInterval> | undefined;
  let until = 0;
  const tick = (): void => {
    left.value = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    if (left.value === 0) clearInterval(timer);
  };
  onScopeDispose(() => clearInterval(timer));
  return {
    left,
    start(seconds) {
      clearInterval(timer);
      until = performance.now() + seconds * 1000;
      timer = setInterval(tick, 250);
      tick();
    },
  };
}
