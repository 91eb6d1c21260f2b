/**
 * A recorder can bring a heavy page to a halt. It is taken away before the citizen notices it twice.
 *
 * What counts is what the recorder itself takes, not how long the page's tasks are: on an old phone, or beside something
 * else that is busy, a page is slow whether it is shared or not, and to stop there would end the help and mend nothing.
 */

const LONG = 200;
const WITHIN = 60_000;
/** The first whole picture is taken just after the citizen has agreed, and once. */
const GRACE = 1_000;

const EVERYTHING: MutationObserverInit = { attributes: true, characterData: true, childList: true, subtree: true };

export interface Watchdog {
  /** How often the recorder alone has held the page for more than 200 ms. */
  count: () => number;
  /** Does a piece of the recorder's work, and counts what it takes. */
  spend: <T>(work: () => T) => T;
  /** Counts what the recorder takes at changes under a root. Its own observers are to be made afterwards: the oldest is told first. */
  attend: (root: Node) => void;
  /** The recorder has told what it found. */
  told: () => void;
  stop: () => void;
}

export function watch(onSlow: () => void): Watchdog {
  const began = performance.now();
  let count = 0;
  let before = -Infinity;
  let timer: number | undefined;
  const note = (from: number, to: number): void => {
    if (to - from <= LONG || from < began + GRACE) return;
    count += 1;
    // Whoever is told takes the recorder away, which is at work just now.
    if (from - before < WITHIN) timer ??= window.setTimeout(onSlow);
    before = from;
  };

  let since: number | undefined;
  let until = 0;
  const observer = new MutationObserver(() => {
    if (since !== undefined) return;
    since = until = performance.now();
    // Runs once every observer has had these changes; what else stood in line meanwhile is not the recorder's.
    queueMicrotask(() => {
      if (since !== undefined) note(since, until);
      since = undefined;
    });
  });

  return {
    count: () => count,
    spend(work) {
      const from = performance.now();
      try {
        return work();
      } finally {
        note(from, performance.now());
      }
    },
    // A root that is observed already stays so, once.
    attend: (root) => observer.observe(root, EVERYTHING),
    told() {
      until = performance.now();
    },
    stop() {
      observer.disconnect();
      clearTimeout(timer);
    },
  };
}
