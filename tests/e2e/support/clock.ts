import type { Page } from '@playwright/test';

declare global {
  interface Window {
    clicked: Promise<number>;
    appeared: Promise<number>;
  }
}

// Both pages run on this machine, so time since the epoch, at the resolution of the performance clock, can be compared.

/** Notes when the button with this test id is next pressed. */
export async function noteClick(page: Page, testId: string): Promise<void> {
  await page.evaluate((id) => {
    window.clicked = new Promise((resolve) => {
      document.addEventListener(
        'click',
        (event) => {
          const target = event.composedPath()[0];
          if (target instanceof Element && target.closest(`[data-testid="${id}"]`)) {
            resolve(performance.timeOrigin + performance.now());
          }
        },
        { capture: true },
      );
    });
  }, testId);
}

/** Notes when these words first stand in the citizen's chat, painted. */
export async function noteText(page: Page, text: string): Promise<void> {
  await page.evaluate((words) => {
    const root = document.querySelector('yikouwen-chat')?.shadowRoot;
    if (!root) throw new Error('no chat on this page');
    window.appeared = new Promise((resolve) => {
      const watch = new MutationObserver(() => {
        if (!root.querySelector('[role="log"]')?.textContent?.includes(words)) return;
        watch.disconnect();
        requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
      });
      watch.observe(root, { subtree: true, childList: true, characterData: true });
    });
  }, text);
}

/** Milliseconds from the click noted on one page to the words noted on another. */
export async function elapsed(from: Page, to: Page): Promise<number> {
  const [clicked, appeared] = await Promise.all([
    from.evaluate(() => window.clicked),
    to.evaluate(() => window.appeared),
  ]);
  return appeared - clicked;
}
