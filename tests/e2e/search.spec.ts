import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Page } from '@playwright/test';

import { expectAccessible } from './support/axe';
import { Citizen, PHONE } from './support/citizen';
import { Helper } from './support/helper';
import { FIRST_HELPER } from './support/story';
import { expect, test } from './support/test';

const UNKNOWN = '火星签证在哪里办';
const KNOWN = '身份证丢了怎么补办';

/** Pictures of every screen go where SHOTS says, for whoever looks the page over. */
async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.SHOTS;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: resolve(folder, `${name}.png`), animations: 'disabled', caret: 'hide', fullPage: false });
}

/** Looks for barriers once the notes of what succeeded are gone, which cover things for three seconds. */
async function accessible(page: Page, where: string): Promise<void> {
  await expect(page.locator('.el-message')).toHaveCount(0);
  await expectAccessible(page, where);
}

async function noSideways(page: Page): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, 'nothing is cut off at the side').toBeLessThanOrEqual(0);
}

for (const [device, viewport] of [
  ['desktop', { width: 1280, height: 800 }],
  ['phone', PHONE],
] as const) {
  test(`the office sees why, lists what was not answered, and compares two runs (${device})`, async ({ browser, server }) => {
    test.setTimeout(120_000);
    server.addHelper(FIRST_HELPER, 'owner');
    const citizen = await Citizen.arrive(browser, server.url);
    await citizen.ask(UNKNOWN);
    const { page } = await Helper.logIn(browser, server.url, FIRST_HELPER);
    await page.setViewportSize(viewport);

    if (device === 'phone') {
      await page.getByTestId('account').click();
      await page.getByTestId('search-menu').click();
      await page.getByTestId('try-question').focus();
    } else {
      // Without a mouse: the question box has the focus already.
      await page.getByTestId('search-nav').focus();
      await page.keyboard.press('Enter');
    }
    await expect(page.getByTestId('try-empty')).toBeVisible();
    await shot(page, `${device}-empty`);
    await accessible(page, 'an empty test');
    await page.keyboard.type(KNOWN);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('try-outcome')).toHaveText('会直接回答');
    const first = page.getByTestId('hit').first();
    await expect(first.getByTestId('hit-confidence')).toContainText('%');
    await shot(page, `${device}-result`);
    await first.getByTestId('hit-why').locator('summary').focus();
    await page.keyboard.press('Enter');
    await expect(first.getByTestId('hit-features')).toBeVisible();
    await first.getByTestId('hit-why').scrollIntoViewIfNeeded();
    await shot(page, `${device}-why`);
    await accessible(page, 'a result with its reasons');
    await noSideways(page);
    await first.getByTestId('hit-open').click();
    await expect(page.getByTestId('entry-dialog').getByTestId('entry')).toContainText('身份证');
    await shot(page, `${device}-entry`);
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('entry-dialog')).toHaveCount(0);
    await page.reload();
    await expect(page.getByTestId('try-outcome'), 'a reload keeps the question').toHaveText('会直接回答');

    // What the citizen was not answered is one click from a test and from a set.
    await page.getByTestId('search-tab-doubts').click();
    const doubt = page.getByTestId('doubt').filter({ hasText: UNKNOWN });
    await expect(doubt).toBeVisible();
    await accessible(page, 'unanswered questions');
    await noSideways(page);
    await doubt.getByTestId('doubt-select').check();
    await page.getByTestId('doubts-new-name').fill('回归题集');
    await shot(page, `${device}-doubts`);
    await page.getByTestId('doubts-add').click();
    await expect(page.getByTestId('doubts-target')).not.toHaveValue('');
    await doubt.getByTestId('doubt-test').click();
    await expect(page.getByTestId('try-outcome')).toHaveText('会说没有答案');
    await shot(page, `${device}-none`);

    // A set, two runs, and what changed in between.
    await page.getByTestId('search-tab-sets').click();
    await page.getByTestId('set-open').filter({ hasText: '回归题集' }).click();
    await page.getByTestId('set-edit').click();
    await expect(page.getByTestId('set-lines')).toHaveValue(UNKNOWN);
    await page.getByTestId('set-lines').fill(`${UNKNOWN} | t-mars\n${KNOWN}\n世界杯谁赢了 | -\n公积金怎么提取\n老年卡怎么办`);
    await shot(page, `${device}-edit`);
    await accessible(page, 'a set being edited');
    await page.getByTestId('set-save').click();
    await page.getByTestId('run-start').click();
    await expect(page.locator('[data-testid="run"][data-state="finished"]')).toHaveCount(1);
    const put = await page.request.put(`${server.url}/api/v1/knowledge/t-mars`, {
      data: { kind: 'faq', title: '火星签证办理', similar: ['火星签证在哪里办'], answer: '暂不办理。', status: 'published' },
    });
    expect(put.status()).toBe(200);
    await page.getByTestId('run-start').click();
    await expect(page.locator('[data-testid="run"][data-state="finished"]')).toHaveCount(2);
    await shot(page, `${device}-runs`);
    await accessible(page, 'runs of a set');
    await page.getByTestId('run-choose').first().check();
    await page.getByTestId('run-choose').last().check();
    await page.getByTestId('runs-compare').click();
    await expect(page.locator('[data-testid="compare-row"][data-change="better"]')).toContainText(UNKNOWN);
    await expect(page.getByTestId('compare-differ')).toContainText('知识库');
    await shot(page, `${device}-compare`);
    await accessible(page, 'two runs compared');
    await noSideways(page);
    await page.getByTestId('run-open').last().click();
    await page.getByTestId('rows-filter').selectOption('wrong');
    await expect(page.getByTestId('row')).toHaveCount(0);
    await page.getByTestId('rows-filter').selectOption('all');
    await expect(page.getByTestId('row')).toHaveCount(5);
    await shot(page, `${device}-run`);
    await accessible(page, 'a run');
    await page.getByTestId('search-leave').click();
    await expect(page.getByTestId('search-page')).toHaveCount(0);
  });
}
