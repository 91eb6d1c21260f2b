import type { Page } from '@playwright/test';

import { expectAccessible } from './support/axe';
import { Counter, agree, expect, newPage, openShadows, picture, test } from './support/shared';

async function fillStep(page: Page, step: number): Promise<void> {
  switch (step) {
    case 1:
      await page.getByText('有限责任公司（最常见').click();
      await page.locator('#region').selectOption('安和市');
      await page.locator('#trade').fill('禾苗');
      await page.locator('#industry').selectOption('餐饮管理');
      await expect(page.locator('#full-name')).toHaveText('安和市禾苗餐饮管理有限公司');
      return;
    case 2:
      await page.locator('#district').selectOption('东城区');
      await page.locator('#address').fill('春风路 8 号 2 楼');
      await page.getByText('租的').click();
      await page.getByText('餐饮服务（要办').click();
      await page.getByText('食品销售（要办').click();
      await expect(page.locator('#scope')).toHaveValue('餐饮服务；食品销售');
      return;
    case 3:
      await page.locator('#capital').fill('30');
      await page.locator('#holder-0-name').fill('张三');
      await page.locator('#holder-0-id').fill('11010519491231002X');
      await page.locator('#holder-0-amount').fill('20');
      await page.locator('#holder-0-way').selectOption('货币');
      await page.locator('#add-holder').click();
      await page.locator('#holder-1-name').fill('李四');
      await page.locator('#holder-1-id').fill('440524188001010014');
      await page.locator('#holder-1-amount').fill('10');
      await page.locator('#holder-1-way').selectOption('货币');
      return;
    case 4:
      await page.locator('#contact').fill('张三');
      await page.locator('#phone').fill('13800138000');
      await page.locator('#declare').check();
  }
}

for (const viewport of [{ width: 360, height: 780 }, { width: 1280, height: 800 }]) {
  test(`the demo form leads through its steps at ${viewport.width} px`, async ({ browser, tap }) => {
    const page = await newPage(browser, viewport);
    await page.goto(`${tap.url}/forms/enterprise`);
    const size = viewport.width < 760 ? 'phone' : 'wide';
    for (let step = 1; step <= 4; step += 1) {
      await page.locator('#next').click();
      await expect(page.locator('#summary'), 'what lacks is said').toBeFocused();
      await expectAccessible(page, `step ${step} with faults`);
      if (step === 1) await picture(page, `${size}-form-faults`);
      await fillStep(page, step);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `step ${step} fits`).toBeLessThanOrEqual(0);
      if (step === 3) {
        // What was written is still there after a reload, in the step one was at.
        await page.reload();
        await expect(page.locator('#holder-1-name')).toHaveValue('李四');
        await picture(page, `${size}-form`);
      }
      await page.locator('#next').click();
      if (step < 4) await expect(page.locator(`[data-step="${step + 1}"] h2`)).toBeFocused();
    }
    await expect(page.locator('#receipt')).toBeFocused();
    await expect(page.locator('#receipt-number')).toHaveText(/^演示-\d{8}-\d{5}$/);
    await expectAccessible(page, 'receipt');
    await picture(page, `${size}-receipt`);
  });
}

test('numbers show their ends and a verdict, names only dots', async ({ browser, tap }) => {
  const page = await newPage(browser);
  await agree(page, tap, tap.formUrl);
  for (let step = 1; step <= 3; step += 1) {
    await fillStep(page, step);
    if (step < 3) await page.locator('#next').click();
  }
  await page.locator('#holder-0-id').fill('110105194912310021');
  await page.locator('#next').click();
  await page.locator('#holder-0-name').focus();
  await picture(page, 'wide-bar');
  await expect(page.getByTestId('reveal-chip')).toBeVisible();
  await expectAccessible(page, 'form while shared');
  const all = (): string => tap.wire.map(({ text }) => text).join('\n');
  await expect.poll(all).toContain('1••••1（18 位，校验不对）');
  for (const secret of ['张三', '李四', '春风路', '11010519', '44052418']) expect(all(), secret).not.toContain(secret);
});

test('the link in the chat opens the form, on its own page and on the form’s', async ({ browser }) => {
  const counter = await Counter.open(browser);
  const { citizen, helper, tap } = counter;
  try {
    await counter.ask();
    await expect(citizen.page.getByTestId('share-card')).toBeVisible();
    await picture(citizen.page, 'phone-card-in-chat');
    await test.step('in place, where the form has the chat', async () => {
      const form = await citizen.page.context().newPage();
      await openShadows(form);
      await form.goto(`${tap.url}/forms/enterprise`);
      await form.getByTestId('launcher').click();
      await form.getByTestId('share-link').click();
      await expect(form.getByTestId('consent')).toBeVisible();
      expect(new URL(form.url()).pathname).toBe('/forms/enterprise');
      expect(tap.opened).toBe(1);
      await form.getByTestId('consent-no').click();
      await form.close();
    });
    await test.step('by the page of the link, elsewhere', async () => {
      await expect(helper.page.getByTestId('share-notice')).toContainText('群众没有同意共享');
      await helper.page.getByTestId('share-dismiss').click();
      await counter.ask();
      await expect(citizen.page.getByTestId('share-card')).toHaveCount(2);
      const opened = citizen.page.waitForEvent('popup');
      await citizen.page.getByTestId('share-link').last().click();
      const form = await opened;
      await form.locator('#open').click();
      await form.waitForURL(/\/forms\/enterprise/);
      await expect(form.locator('[data-yikouwen-assist]')).toBeAttached();
      expect(tap.opened).toBe(2);
    });
  } finally {
    await counter.close();
  }
});

test('the desk has no barriers beside a shared form, and speaks English', async ({ browser }) => {
  const counter = await Counter.open(browser);
  const { page } = counter.helper;
  try {
    await counter.share();
    await counter.allow('point');
    await counter.allow('fill');
    await counter.pick(counter.picture().getByText('有限责任公司（最常见'));
    await expect(page.getByTestId('picked')).toContainText('有限责任公司');
    await counter.form.locator('#next').scrollIntoViewIfNeeded();
    await expect(counter.picture().locator('#next')).toBeInViewport();
    await counter.pick(counter.picture().locator('#next'));
    await expect(page.getByTestId('fill-forbidden')).toHaveAttribute('data-why', 'submit');
    await expect(page.locator('.el-message')).toHaveCount(0);
    await expectAccessible(page, 'shared form at the desk');
    await page.getByText('English').click();
    await expect(page.getByTestId('share-end')).toHaveText('End sharing');
    await picture(page, 'desk-english');
  } finally {
    await counter.close();
  }
});
