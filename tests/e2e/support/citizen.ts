import type { Browser, Locator, Page } from '@playwright/test';

import { expect } from './test';

export const PHONE = { width: 390, height: 844 };

export interface Shown {
  author: string;
  id: string;
  text: string;
}

/** The citizen's page. */
export class Citizen {
  constructor(readonly page: Page) {}

  static async arrive(browser: Browser, url: string, viewport = PHONE): Promise<Citizen> {
    const phone = viewport.width < 760;
    const context = await browser.newContext({ viewport, hasTouch: phone, isMobile: phone });
    const citizen = new Citizen(await context.newPage());
    await citizen.page.goto(url);
    await citizen.connected();
    return citizen;
  }

  get status(): Locator {
    return this.page.getByTestId('status');
  }

  get chips(): Locator {
    return this.page.getByTestId('citation-chip');
  }

  get sheet(): Locator {
    return this.page.getByTestId('entry-sheet');
  }

  /** What has been said, by whom. */
  messages(author?: string): Locator {
    const all = this.page.getByTestId('message');
    return author === undefined ? all : all.and(this.page.locator(`[data-author="${author}"]`));
  }

  async write(text: string): Promise<void> {
    await this.page.getByTestId('ask-box').fill(text);
    await this.page.getByTestId('send').click();
  }

  /** Asks, and waits for the whole answer. */
  async ask(text: string): Promise<Locator> {
    const before = await this.messages('robot').count();
    await this.write(text);
    await expect(this.messages('robot')).toHaveCount(before + 1);
    await expect(this.page.getByTestId('draft')).toHaveCount(0);
    return this.messages('robot').last();
  }

  async connected(): Promise<void> {
    await expect(this.page.getByTestId('notice')).toHaveAttribute('data-link', 'up', { timeout: 30_000 });
  }

  async disconnected(): Promise<void> {
    await expect(this.page.getByTestId('notice')).not.toHaveAttribute('data-link', 'up');
  }

  async rate(score: 1 | 2 | 3 | 4 | 5, comment: string): Promise<void> {
    await this.page.getByTestId(`rating-${score}`).click();
    await this.page.getByTestId('rating-comment').fill(comment);
    await this.page.getByTestId('rating-submit').click();
  }

  /** The thread as the citizen sees it. */
  async thread(): Promise<Shown[]> {
    return this.messages().evaluateAll((articles) =>
      articles.map((article) => ({
        author: article.getAttribute('data-author') ?? '',
        id: article.getAttribute('data-message') ?? '',
        text: article.querySelector('.bubble')?.textContent?.trim() ?? '',
      })),
    );
  }
}
