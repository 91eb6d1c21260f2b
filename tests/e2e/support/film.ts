import type { Page } from '@playwright/test';

/** What stood in the chat, and when, in milliseconds of the page's clock. */
export interface Frame {
  at: number;
  /** What the robot has said and is saying, drafts included. */
  robot: string;
  /** How many messages of the robot stand there for good. */
  messages: number;
}

declare global {
  interface Window {
    film: Frame[];
    asked: number;
  }
}

/** Keeps every state of the chat from now on, so that what stood there for a moment only is not missed. */
export async function film(page: Page): Promise<void> {
  await page.evaluate(() => {
    const root = document.querySelector('yikouwen-chat')?.shadowRoot;
    if (!root) throw new Error('no chat on this page');
    window.film = [];
    const watch = new MutationObserver(() => {
      const all = Array.from(root.querySelectorAll('[data-author="robot"], [data-testid="draft"]'));
      window.film.push({
        at: performance.now(),
        robot: all.map((one) => one.textContent ?? '').join('\n'),
        messages: root.querySelectorAll('[data-testid="message"][data-author="robot"]').length,
      });
    });
    watch.observe(root, { subtree: true, childList: true, characterData: true });
    document.addEventListener(
      'click',
      (event) => {
        const target = event.composedPath()[0];
        if (target instanceof Element && target.closest('[data-testid="send"]')) {
          window.film = [];
          window.asked = performance.now();
        }
      },
      { capture: true },
    );
  });
}

/** What was seen since the last question was sent. */
export async function frames(page: Page): Promise<{ asked: number; frames: Frame[] }> {
  return page.evaluate(() => ({ asked: window.asked, frames: window.film }));
}
