import { nextTick, onMounted, onScopeDispose, ref, watch, type Ref } from 'vue';

/** Closer to the end than this counts as reading the end, in pixels. */
const NEAR = 80;

/** Keeps a log at its end while the reader is there; away from it, says that there is more instead of jumping. */
export function useFollow(
  element: Readonly<Ref<HTMLElement | null>>,
  grows: () => unknown,
): { behind: Readonly<Ref<boolean>>; toEnd: () => void } {
  const behind = ref(false);
  let atEnd = true;
  let top = 0;
  const toEnd = (): void => {
    const box = element.value;
    if (box) box.scrollTop = box.scrollHeight;
    atEnd = true;
    behind.value = false;
  };
  const onScroll = (): void => {
    const box = element.value;
    if (!box) return;
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    // Only going up leaves the end; a box that shrank meanwhile looks the same but for that.
    if (near) behind.value = false;
    if (near || box.scrollTop < top) atEnd = near;
    top = box.scrollTop;
  };
  // A phone's keyboard shrinks the log; whoever was at the end stays there.
  const sizes = typeof ResizeObserver === 'undefined' ? undefined : new ResizeObserver(() => atEnd && toEnd());
  onMounted(() => {
    const box = element.value;
    box?.addEventListener('scroll', onScroll, { passive: true });
    if (box) sizes?.observe(box);
    toEnd();
  });
  onScopeDispose(() => sizes?.disconnect());
  watch(grows, async (now, before) => {
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    const follow = atEnd;
    await nextTick();
    if (follow) toEnd();
    else behind.value = true;
  });
  return { behind, toEnd };
}
