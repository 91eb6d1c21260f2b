import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { Citizen } from './support/citizen';
import { Helper } from './support/helper';
import { Reel } from './support/reel';
import { Counter, expect, openShadows, test } from './support/shared';
import { COMMENT } from './support/story';
import { Tap } from './support/tap';

const PHONE = { width: 360, height: 720 };
const READ = 2_200;

test('an answer did not help, so a person guides the hand to the end of the form', async ({ browser, figures }, info) => {
  test.setTimeout(180_000);
  const reel = new Reel(info.outputPath('frames'));
  const tap = await Tap.open();
  try {
    const citizen = await Citizen.arrive(browser, tap.url, PHONE);
    const helper = await Helper.logIn(browser, tap.url, '小王');
    const desk = helper.page;
    await desk.setViewportSize({ width: 1280, height: 720 });
    const chat = citizen.page;

    await test.step('dissatisfied', async () => {
      await citizen.ask('开公司要什么材料');
      await reel.take(READ, chat, desk);
      await citizen.ask('说了等于没说，经营范围到底怎么写');
      await expect(helper.queue).toHaveCount(1);
      await reel.take(READ, chat, desk);
    });
    await test.step('taken over', async () => {
      await helper.claim();
      await helper.write('您好，我是小王。我们一起看着表格填。');
      await expect(citizen.messages('helper')).toHaveCount(1);
    });

    const form = await test.step('the link of the talk', async () => {
      await desk.getByTestId('share-open').click();
      await desk.getByTestId('share-purpose').fill('和您一起填经营范围');
      await desk.getByTestId('share-send').click();
      await expect(chat.getByTestId('share-card')).toBeVisible();
      await expect(desk.getByTestId('transcript')).toContainText('链接已发给群众');
      await expect(desk.getByTestId('transcript'), 'the citizen’s key is the citizen’s').not.toContainText('#k=');
      await chat.getByTestId('share-card').scrollIntoViewIfNeeded();
      await reel.take(READ, chat, desk);
      const opened = chat.waitForEvent('popup');
      await chat.getByTestId('share-link').click();
      const page = await opened;
      await openShadows(page);
      await page.locator('#open').click();
      await page.waitForURL(/\/forms\/enterprise/);
      return page;
    });
    const counter = Counter.of(tap, citizen, helper, form);

    await test.step('consent', async () => {
      await expect(form.getByTestId('consent')).toBeVisible();
      await reel.take(READ, form, desk);
      await form.getByTestId('consent-yes').click();
      await counter.shown();
    });
    await test.step('the citizen fills in, and comes to 经营范围', async () => {
      await form.getByText('有限责任公司（最常见').click();
      await form.locator('#region').selectOption('安和市');
      await form.locator('#trade').fill('禾苗');
      await form.locator('#industry').selectOption('餐饮管理');
      await expect(counter.picture().locator('input[name="trade"]')).toHaveValue('禾苗');
      await reel.take(READ, form, desk);
      await form.locator('#next').click();
      await form.locator('#district').selectOption('东城区');
      await form.locator('#address').fill('春风路 8 号 2 楼');
      await form.getByText('租的').click();
    });
    const scope = counter.picture().locator('textarea[name="scope"]');
    await test.step('经营范围 is pointed at', async () => {
      await counter.allow('point');
      await form.locator('#scope').scrollIntoViewIfNeeded();
      await expect(scope).toBeInViewport();
      await counter.pick(scope);
      await expect(desk.getByTestId('picked')).toContainText('经营范围');
      await desk.getByTestId('mark-caption').fill('就是这里：写您做什么生意');
      await desk.getByTestId('mark-arrow').click();
      await expect(form.getByTestId('mark-text')).toHaveText('就是这里：写您做什么生意');
      await form.waitForTimeout(500);
      await reel.take(READ, form, desk);
    });
    await test.step('a proposal, applied by the citizen', async () => {
      await counter.allow('fill');
      await desk.getByTestId('fill-value').fill('餐饮服务；食品销售');
      await desk.getByTestId('fill-why').fill('您说想开小饭馆，也卖包子');
      await desk.getByTestId('fill-send').click();
      await expect(form.getByTestId('fill-after')).toHaveText('餐饮服务；食品销售');
      await reel.take(READ, form, desk);
      await form.getByTestId('fill-apply').click();
      await expect(form.locator('#scope')).toHaveValue('餐饮服务；食品销售');
      await expect(desk.getByTestId('proposal')).toHaveAttribute('data-result', 'applied');
      await expect(scope).toHaveValue('餐饮服务；食品销售');
      await reel.take(READ, form, desk);
    });
    await test.step('the citizen submits himself, what only he knows in dots', async () => {
      await form.locator('#next').click();
      await expect(form.getByTestId('mark'), 'what is not drawn any more is not pointed at').toHaveCount(0);
      await form.locator('#capital').fill('30');
      await form.locator('#holder-0-name').fill('张三');
      await form.locator('#holder-0-id').fill('11010519491231002X');
      await form.locator('#holder-0-amount').fill('30');
      await form.locator('#holder-0-way').selectOption('货币');
      await expect(counter.picture().locator('#holder-0-id')).toHaveValue(/•/);
      await form.locator('#holder-0-id').scrollIntoViewIfNeeded();
      await form.waitForTimeout(300);
      await reel.take(READ, form, desk);
      await form.locator('#next').click();
      await form.locator('#contact').fill('张三');
      await form.locator('#phone').fill('13800138000');
      await form.locator('#declare').check();
      await form.locator('#next').click();
      await expect(form.locator('#receipt-number')).toHaveText(/^演示-\d{8}-\d{5}$/);
      await expect(counter.picture().locator('#receipt')).toBeVisible();
      await reel.take(READ, form, desk);
      const all = tap.wire.map(({ text }) => text).join('\n');
      for (const secret of ['张三', '11010519491231002X', '13800138000', '春风路']) expect(all, secret).not.toContain(secret);
    });
    await test.step('the end, and the rating', async () => {
      await form.getByTestId('share-stop').click();
      await expect(desk.getByTestId('share-notice')).toHaveText(/群众停止了共享/);
      await desk.getByTestId('share-dismiss').click();
      await helper.close();
      await chat.bringToFront();
      await citizen.rate(5, COMMENT);
      await expect.poll(() => tap.server.exportConversations()[0]?.rating?.score).toBe(5);
      await reel.take(READ, chat, desk);
    });
    figures.print('pictures of the story', reel.length);
    if (process.env.PICTURES === '1') {
      const image = resolve(import.meta.dirname, '../../docs/images/assist.gif');
      await reel.write(image);
      expect((await stat(image)).size).toBeLessThan(1_500_000);
    }
  } finally {
    await tap.close();
  }
});
