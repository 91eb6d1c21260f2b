import type { Browser, Locator, Page } from '@playwright/test';

import { PASSWORD } from './server';
import { expect } from './test';

/** The live frames of a desk, which a test can hold back as a slow line does. */
export interface Line {
  held: boolean;
}

/** A helper's workbench. */
export class Helper {
  private constructor(
    readonly page: Page,
    readonly line: Line,
  ) {}

  static async logIn(browser: Browser, url: string, name: string): Promise<Helper> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    const line: Line = { held: false };
    await page.routeWebSocket(/\/api\/v1\/desk\/live$/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((frame) => {
        if (!line.held) socket.send(frame);
      });
    });
    await page.goto(`${url}/desk/`);
    await page.getByTestId('login-name').fill(name);
    await page.getByTestId('login-password').fill(PASSWORD);
    await page.getByTestId('login-submit').click();
    await expect(page.getByTestId('workbench')).toBeVisible();
    await expect(page.getByTestId('online')).toBeVisible();
    return new Helper(page, line);
  }

  get queue(): Locator {
    return this.page.getByTestId('queue-row');
  }

  get stage(): Locator {
    return this.page.getByTestId('stage');
  }

  messages(author?: string): Locator {
    const all = this.page.getByTestId('transcript').getByTestId('message');
    return author === undefined ? all : all.and(this.page.locator(`[data-author="${author}"]`));
  }

  /** Opens the first conversation of the queue without taking it. */
  async look(): Promise<void> {
    await this.queue.first().getByTestId('queue-open').click();
    await expect(this.page.getByTestId('transcript')).toBeVisible();
  }

  async claim(): Promise<void> {
    await this.queue.first().getByTestId('claim').click();
    await expect(this.page.getByTestId('composer-input')).toBeVisible();
    await expect(this.stage).toHaveAttribute('data-mine', 'true');
  }

  async write(text: string): Promise<void> {
    await this.page.getByTestId('composer-input').fill(text);
    await this.page.getByTestId('send').click();
  }

  async close(): Promise<void> {
    await this.page.getByTestId('close').click();
    await this.page.getByTestId('confirm-ok').click();
    await expect(this.stage).toHaveAttribute('data-stage', 'wrap_up');
  }

  async connected(): Promise<void> {
    await expect(this.page.getByTestId('disconnected')).toBeHidden({ timeout: 30_000 });
  }

  async disconnected(): Promise<void> {
    await expect(this.page.getByTestId('disconnected')).toBeVisible();
  }
}
