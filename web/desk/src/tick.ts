import { onScopeDispose, ref, type Ref } from 'vue';

/** The page's own clock in milliseconds, ticking once a second, so that everything shown by it moves together. */
export function useTick(clock: () => number): Readonly<Ref<number>> {
  const now = ref(clock());
  const timer = setInterval(() => (now.value = clock()), 1000);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
