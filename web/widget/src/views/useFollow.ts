import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { State } from '../state';

/** Nearer than this to the end counts as reading along. */
const NEAR = 96;

/**
 * Keeps the newest words in sight while the citizen reads along, and lets him be when he has scrolled up. A long answer
 * is followed only until its first line reaches the top: nobody can read a text that runs away.
 */
export function useFollow(scroller: RefObject<HTMLDivElement | null>, state: State): { away: boolean; toLatest: () => void } {
  const following = useRef(true);
  const target = useRef(0);
  const [away, setAway] = useState(false);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    const onScroll = (): void => {
      const missing = box.scrollHeight - box.clientHeight - box.scrollTop;
      // Where we scrolled to ourselves is never "scrolled away".
      following.current = missing < NEAR || box.scrollTop >= target.current - 4;
      setAway(missing > box.clientHeight);
    };
    box.addEventListener('scroll', onScroll, { passive: true });
    const resized = typeof ResizeObserver === 'undefined' ? undefined : new ResizeObserver(() => follow(box, following, target));
    resized?.observe(box);
    return () => {
      box.removeEventListener('scroll', onScroll);
      resized?.disconnect();
    };
  }, [scroller]);

  const mine = state.pending.length;
  const before = useRef(mine);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    // One's own new words are always followed.
    if (mine > before.current) following.current = true;
    before.current = mine;
    follow(box, following, target);
  }, [scroller, mine, state.messages, state.drafts, state.helperTyping, state.past]);

  const toLatest = (): void => {
    const box = scroller.current;
    if (!box) return;
    following.current = true;
    box.scrollTop = box.scrollHeight;
    box.focus({ preventScroll: true });
  };
  return { away, toLatest };
}

function follow(box: HTMLElement, following: { current: boolean }, target: { current: number }): void {
  if (!following.current) return;
  const turns = box.querySelectorAll<HTMLElement>('.turn');
  const last = turns[turns.length - 1];
  const end = box.scrollHeight - box.clientHeight;
  const top = last ? firstInSight(box, last, turns[turns.length - 2]).offsetTop - 12 : end;
  target.current = Math.max(0, Math.min(end, top));
  box.scrollTop = target.current;
}

/** A short question stays above its answer, so that nobody has to remember what he had asked. */
function firstInSight(box: HTMLElement, last: HTMLElement, before: HTMLElement | undefined): HTMLElement {
  if (!before?.classList.contains('citizen') || last.classList.contains('citizen')) return last;
  return last.offsetTop - before.offsetTop <= box.clientHeight / 3 ? before : last;
}
