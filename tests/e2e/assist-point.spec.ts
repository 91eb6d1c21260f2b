import type { Locator } from '@playwright/test';

import { agree, expect, newPage, test } from './support/shared';

/** How unevenly a mark lies around its element, in CSS pixels; a mark that is elsewhere is endlessly far. */
async function distance(mark: Locator, target: Locator): Promise<number> {
  const [drawn, real] = [await mark.boundingBox(), await target.boundingBox()];
  if (!drawn || !real) return Infinity;
  const right = drawn.x + drawn.width - real.x - real.width;
  const bottom = drawn.y + drawn.height - real.y - real.height;
  const gaps = [real.x - drawn.x, real.y - drawn.y, right, bottom];
  return Math.min(...gaps) < 4 || Math.max(...gaps) > 9 ? Infinity : Math.max(...gaps) - Math.min(...gaps);
}

for (const viewport of [{ width: 360, height: 780 }, { width: 820, height: 1180 }, { width: 1280, height: 800 }]) {
  test(`a highlight lands on its element at ${viewport.width} × ${viewport.height}`, async ({ browser, tap, figures }) => {
    const page = await newPage(browser, viewport);
    await agree(page, tap, tap.formUrl, 'point');
    const worst: Record<string, number> = {};
    const target = page.locator('#industry');
    const mark = page.getByTestId('mark');
    const node = tap.nodeOf('name', 'industry');
    const settle = async (what: string): Promise<void> => {
      await expect.poll(() => distance(mark, target), { message: what }).toBeLessThan(2);
      worst[what] = await distance(mark, target);
    };
    tap.say({ t: 'hl', id: 'h', node, kind: 'box', text: '选这一项', ttl: 60 });
    await expect(target, 'it is brought into sight').toBeInViewport();
    await settle('drawn');
    await page.evaluate(() => window.scrollBy(0, -120));
    await settle('scrolled');
    await page.evaluate(() => {
      const banner = document.createElement('p');
      banner.textContent = '一条新的通知'.repeat(40);
      document.querySelector('main')?.prepend(banner);
    });
    await settle('reflowed');
    await page.evaluate(() => document.documentElement.style.setProperty('zoom', '1.25'));
    await settle('zoomed');
    await page.evaluate(() => document.documentElement.classList.add('large'));
    await settle('large type');
    const caption = await page.getByTestId('mark-text').boundingBox();
    expect(caption && caption.x >= 0 && caption.x + caption.width <= viewport.width, 'the caption is on the screen').toBe(true);
    await expect(mark, 'nothing can be caught by it').toHaveCSS('pointer-events', 'none');
    tap.say({ t: 'hl.clear' });
    await expect(mark).toHaveCount(0);
    figures.print('distance in px', JSON.stringify(worst));
  });
}

test('steps lead through the form, and a pointer shows', async ({ browser, tap }) => {
  const page = await newPage(browser);
  await agree(page, tap, tap.formUrl, 'point');
  const list = [
    { node: tap.nodeOf('name', 'trade'), text: '先填这里' },
    { node: tap.nodeOf('name', 'industry'), text: '再选这里' },
  ];
  tap.say({ t: 'steps', id: 's', list, at: 0 });
  await expect(page.getByTestId('mark-text')).toHaveText('第 1 步，共 2 步先填这里');
  await expect.poll(() => distance(page.getByTestId('mark'), page.locator('#trade'))).toBeLessThan(2);
  tap.say({ t: 'steps', id: 's', list, at: 1 });
  await expect(page.getByTestId('mark-text')).toHaveText('第 2 步，共 2 步再选这里');
  await expect.poll(() => distance(page.getByTestId('mark'), page.locator('#industry'))).toBeLessThan(2);
  tap.say({ t: 'steps', id: 's', list, at: 2 });
  await expect(page.getByTestId('mark')).toHaveCount(0);
  tap.say({ t: 'ptr', node: list[0]?.node, dx: 0.5, dy: 0.5 });
  await expect(page.getByTestId('hand')).toBeVisible();
  await page.getByTestId('take-back-point').click();
  const late = { t: 'hl', node: list[0]?.node, kind: 'pulse', text: '', ttl: 9 };
  tap.say({ ...late, id: 'late' });
  await expect.poll(() => tap.guide?.denied.at(-1)).toMatchObject({ of: 'hl', why: 'consent' });
  tap.forge({ ...late, id: 'forged' });
  await page.waitForTimeout(300);
  await expect(page.getByTestId('mark'), 'nothing is drawn once it was taken back').toHaveCount(0);
});
