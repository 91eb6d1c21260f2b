/** A form that is shared, and helpers at their desks. */
import { join } from 'node:path';

import type { Browser, FrameLocator, Locator, Page } from '@playwright/test';

import { Citizen } from './citizen';
import { Helper } from './helper';
import type { Server } from './server';
import { keepShadowsOpen } from './shadows';
import { PURPOSE, Tap } from './tap';
import { expect, test as base } from './test';

/** One test looks at a page without this. */
export async function openShadows(page: Page): Promise<void> {
  await page.addInitScript(keepShadowsOpen);
}

export interface Figures {
  print: (name: string, value: string | number) => void;
}

export const test = base.extend<{ tap: Tap; figures: Figures }>({
  /** A share of which the link was opened, before its form is loaded. */
  tap: async ({}, use) => {
    const tap = await Tap.open();
    await tap.begin();
    await use(tap);
    await tap.close();
  },
  figures: async ({}, use, info) => {
    await use({ print: (name, value) => console.log(`[${info.title}] ${name}: ${value}`) });
  },
});
export { expect };

/** LOOK=directory keeps a picture. */
export async function picture(page: Page, name: string): Promise<void> {
  const { LOOK } = process.env;
  if (LOOK !== undefined) await page.screenshot({ path: join(LOOK, `${name}.png`), animations: 'disabled' });
}

export async function newPage(browser: Browser, viewport = { width: 1280, height: 800 }): Promise<Page> {
  const phone = viewport.width < 760;
  const context = await browser.newContext({ viewport, ...(phone ? { hasTouch: true, isMobile: true } : {}) });
  const page = await context.newPage();
  await openShadows(page);
  return page;
}

/** Opens a shared page and agrees to be seen, and to whatever else is named. */
export async function agree(page: Page, tap: Tap, url: string, ...scopes: ('point' | 'fill')[]): Promise<void> {
  await page.goto(url);
  await page.getByTestId('consent-yes').click();
  await expect.poll(() => tap.wire.some(({ kind }) => kind === 'snap')).toBe(true);
  for (const scope of scopes) {
    tap.say({ t: 'ask', scope });
    await expect(page.getByTestId('consent')).toHaveAttribute('data-scope', scope);
    await page.getByTestId('consent-yes').click();
    await expect.poll(() => tap.perm[scope]).toBe(true);
  }
}

/** What a viewer finds when it next compares its elements and their numbers with the citizen's. */
export function compared(desk: Page): Promise<boolean> {
  return desk.evaluate(
    () =>
      new Promise<boolean>((done) => {
        addEventListener('message', ({ data }: MessageEvent<{ t: string; equal: boolean }>) => {
          if (data.t === 'synced') done(data.equal);
        });
      }),
  );
}

/** What the scripts of a page and its frames hold, in MB, after what they no longer hold is collected. */
export async function heapOf(page: Page): Promise<() => Promise<number>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  return async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { metrics } = await devtools.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0) / 1024 / 1024;
  };
}

/** A citizen in a talk, a helper who serves, and the form between them. */
export class Counter {
  private constructor(
    readonly tap: Tap,
    readonly citizen: Citizen,
    readonly helper: Helper,
    readonly form: Page,
  ) {}

  static async open(browser: Browser, viewport = { width: 1280, height: 800 }): Promise<Counter> {
    const tap = await Tap.open();
    const citizen = await Citizen.arrive(browser, tap.url);
    await citizen.ask('开公司要什么材料');
    await citizen.page.getByTestId('human-button').click();
    const helper = await Helper.logIn(browser, tap.url, '小王');
    await expect(helper.queue).toHaveCount(1);
    await helper.claim();
    const form = await newPage(browser, viewport);
    return new Counter(tap, citizen, helper, form);
  }

  /** Where the pages are there already. */
  static of(tap: Tap, citizen: Citizen, helper: Helper, form: Page): Counter {
    return new Counter(tap, citizen, helper, form);
  }

  get server(): Server {
    return this.tap.server;
  }

  /** The helper asks to see a form, or one of the citizen's own pages. */
  async ask(kind: 'form' | 'chat' | 'me' = 'form'): Promise<void> {
    const { page } = this.helper;
    await page.getByTestId('share-open').click();
    await page.getByTestId(`share-kind-${kind}`).check();
    await page.getByTestId('share-purpose').fill(PURPOSE);
    await page.getByTestId('share-send').click();
    await expect(page.getByTestId('share-notice')).toBeVisible();
  }
  /** The citizen follows the link of the talk to the form, where nothing is agreed to yet. */
  async follow(): Promise<void> {
    const link = this.citizen.page.getByTestId('share-link').last();
    await this.form.goto((await link.getAttribute('href')) ?? '');
    await this.form.locator('#open').click();
    await this.form.waitForURL(/\/forms\/enterprise/);
    await expect(this.form.getByTestId('consent')).toBeVisible();
  }
  /** From the helper's request to the first picture. */
  async share(): Promise<void> {
    await this.ask();
    await this.follow();
    await this.form.getByTestId('consent-yes').click();
    await this.shown();
  }
  async shown(page = this.helper.page): Promise<void> {
    await expect(page.getByTestId('share-panel')).toHaveAttribute('data-shown', 'true');
    await expect(page.getByTestId('share-notice')).toHaveCount(0);
  }
  async allow(scope: 'point' | 'fill'): Promise<void> {
    await this.helper.page.getByTestId(`ask-${scope}`).click();
    await expect(this.form.getByTestId('consent')).toHaveAttribute('data-scope', scope);
    await this.form.getByTestId('consent-yes').click();
    await expect(this.helper.page.getByTestId(`scope-${scope}`)).toHaveAttribute('data-allowed', 'true');
  }
  /** The page as the helper sees it. */
  picture(page = this.helper.page): FrameLocator {
    return page.frameLocator('[data-testid="share-frame"]').frameLocator('.page:not(.building) iframe');
  }
  /** Presses something in the picture, through the glass over it. */
  async pick(target: Locator): Promise<void> {
    const box = await target.boundingBox();
    if (!box) throw new Error('what is to be picked is not drawn');
    await this.helper.page.mouse.move(box.x + box.width / 2 - 2, box.y + box.height / 2);
    await this.helper.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  }
  async close(): Promise<void> {
    await this.tap.close();
  }
}
