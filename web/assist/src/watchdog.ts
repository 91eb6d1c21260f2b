/** A recorder can bring a heavy page to a halt. It is taken away before the citizen notices it twice. */

const LONG = 200;
const WITHIN = 60_000;
/** A page is still busy with itself just after it has loaded. */
const GRACE = 1_000;

export interface Watchdog {
  /** Tasks above 200 ms while sharing. */
  count: () => number;
  stop: () => void;
}

export function watch(onSlow: () => void): Watchdog {
  const began = performance.now();
  let count = 0;
  let before = -Infinity;
  const note = (at: number, duration: number): void => {
    if (duration <= LONG || at < began + GRACE) return;
    count += 1;
    const again = at - before < WITHIN;
    before = at;
    if (again) onSlow();
  };
  let observer: PerformanceObserver | undefined;
  let timer: number | undefined;
  if (typeof PerformanceObserver === 'function' && PerformanceObserver.supportedEntryTypes.includes('longtask')) {
    observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) note(startTime, duration);
    });
    observer.observe({ type: 'longtask' });
  } else {
    // Safari and Firefox don't tell; a timer that comes late does, as long as the page is looked at.
    let due = performance.now() + 100;
    timer = window.setInterval(() => {
      const now = performance.now();
      if (document.visibilityState === 'visible') note(now, now - due);
      due = now + 100;
    }, 100);
  }
  return {
    count: () => count,
    stop() {
      observer?.disconnect();
      clearInterval(timer);
    },
  };
}
