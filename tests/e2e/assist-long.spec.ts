/**
 * A session as long as the longest: MINUTES=120 npx playwright test assist-long, or `make soak-assist`. Without MINUTES it takes
 * half a minute, which tries the story and not the hours.
 */
import type { Page } from '@playwright/test';

import { Counter, compared, expect, heapOf, newPage, test } from './support/shared';

const SECONDS = Math.round(Number(process.env['MINUTES'] ?? 0.5) * 60);
/** Between two reports, and between two severed lines. */
const EVERY = Math.min(300, SECONDS / 3);

declare global {
  interface Window {
    /** The longest task of the page so far, in ms. */
    longest: number;
  }
}

// A trace of hours would fill the disk, and what writes it runs in the page that is measured.
test.use({ trace: 'off', screenshot: 'off' });

async function timed(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, Math.round(duration));
    }).observe({ type: 'longtask' });
  });
}
const longest = (page: Page): Promise<number> => page.evaluate(() => window.longest);

/** What one second brings; by `at` alone, so that two pages can be brought through the same. */
async function change(page: Page, at: number): Promise<void> {
  const round = Math.floor(at / 6);
  switch (at % 6) {
    case 0:
      await page.evaluate((number) => {
        const main = document.querySelector('main');
        main?.querySelector('.added')?.remove();
        main?.insertAdjacentHTML('beforeend', `<p data-assist-show class="added">第${number}段<b>新的内容</b></p>`);
      }, round);
      return;
    case 1:
      await page.locator('#trade').fill('一二三四五六七八九十'.slice(0, (round % 9) + 1));
      return;
    case 2:
      await page.locator('#industry').selectOption({ index: (round % 5) + 1 });
      return;
    case 3:
      await page.mouse.move(200 + (round % 5) * 60, 300, { steps: 10 });
      return;
    case 4:
      await page.locator('input[name="kind"]').nth(round % 2).check();
      return;
    default:
      await page.mouse.wheel(0, round % 2 === 0 ? 300 : -300);
  }
}

test(`a session of ${SECONDS} seconds stays small, light and true`, async ({ browser, figures }) => {
  test.setTimeout(SECONDS * 1000 + 240_000);
  const counter = await Counter.open(browser);
  const { form, helper, tap } = counter;
  try {
    // The same form with the same changes and without a share, because a machine with others at work lends long tasks to every page.
    const alone = await newPage(browser);
    await timed(alone);
    await timed(form);
    await alone.goto(`${tap.url}/forms/enterprise`);
    await counter.share();
    await counter.allow('point');
    await form.waitForTimeout(2_000);
    for (const page of [form, alone]) await page.evaluate(() => (window.longest = 0));
    const heap = await heapOf(helper.page);
    const start = tap.wire.length;
    const began = performance.now();
    const passed = (): number => (performance.now() - began) / 1000;
    const bytes = (): number => tap.wire.slice(start).reduce((sum, frame) => sum + frame.bytes, 0);
    const heaps = [await heap()];
    let cuts = 0;

    const work = async (): Promise<void> => {
      for (let at = 0; at < SECONDS; at += 1) {
        const wait = at * 1000 - (performance.now() - began);
        if (wait > 0) await new Promise((done) => setTimeout(done, wait));
        await Promise.all([change(form, at), change(alone, at)]);
      }
    };
    const look = async (): Promise<void> => {
      for (let time = 1; time < SECONDS / EVERY; time += 1) {
        await new Promise((done) => setTimeout(done, Math.max(0, time * EVERY - passed()) * 1000));
        if (time % 2 === 0) tap.cutViewers();
        else tap.cut();
        cuts += 1;
        await expect.poll(() => compared(helper.page), { timeout: 30_000, message: `the picture after cut ${cuts}` }).toBe(true);
        heaps.push(await heap());
        const [mine, its] = [await longest(form), await longest(alone)];
        figures.print(
          `after ${Math.round(passed())} s: heap (MB), bytes per second, longest task shared and alone (ms)`,
          `${heaps.at(-1)?.toFixed(1)}, ${Math.round(bytes() / passed())}, ${mine}, ${its}`,
        );
      }
    };
    await Promise.all([work(), look()]);

    const rate = bytes() / passed();
    await expect(counter.picture().locator('.added')).toContainText(`第${Math.floor((SECONDS - 1) / 6)}段`);
    await expect.poll(() => compared(helper.page), { timeout: 30_000 }).toBe(true);
    await expect(form.getByTestId('share-bar')).toHaveAttribute('data-state', 'watching');
    heaps.push(await heap());
    const [mine, its] = [await longest(form), await longest(alone)];
    const sizes = tap.wire.slice(start).filter(({ kind }) => kind === 'snap');
    figures.print('seconds, changes, severed lines, whole pictures', `${Math.round(passed())}, ${SECONDS}, ${cuts}, ${sizes.length}`);
    figures.print('heap of the helper’s page at first, at most, at last (MB)', [heaps[0], Math.max(...heaps), heaps.at(-1)].map((one) => one?.toFixed(1)).join(', '));
    figures.print('bytes per second', Math.round(rate));
    figures.print('longest task of the citizen’s page, shared and alone (ms)', `${mine}, ${its}`);
    figures.print('elements with the same numbers on both sides', String(tap.fromCitizen.findLast(({ t }) => t === 'digest')?.['nodes']));
    expect(Math.max(...heaps)).toBeLessThan(150);
    expect(rate).toBeLessThan(5 * 1024);
    expect(mine).toBeLessThan(200 + its);
  } finally {
    await counter.close();
  }
});
