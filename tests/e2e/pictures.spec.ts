import { mkdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Page } from '@playwright/test';

import { Citizen } from './support/citizen';
import { Helper } from './support/helper';
import { FIRST_HELPER, FOLLOW_UP, HUMAN, QUESTION, REPLY, THANKS } from './support/story';
import { expect, test } from './support/test';

const images = resolve(import.meta.dirname, '../../docs/images');

/** Takes a picture small enough for a repository. */
async function take(page: Page, name: string): Promise<void> {
  const path = resolve(images, name);
  await mkdir(images, { recursive: true });
  // Without the caret and with finished animations, the same page gives the same picture.
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  expect((await stat(path)).size, name).toBeLessThan(300_000);
}

test("the citizen's phone", async ({ browser, server }) => {
  const citizen = await Citizen.arrive(browser, server.url);
  await citizen.ask(QUESTION);
  await citizen.chips.last().scrollIntoViewIfNeeded();
  await take(citizen.page, 'citizen-phone.png');
  await citizen.chips.first().click();
  await expect(citizen.sheet.getByTestId('entry')).toBeVisible();
  await take(citizen.page, 'citizen-sheet.png');
});

test('the page on a wide screen', async ({ browser, server }) => {
  const citizen = await Citizen.arrive(browser, server.url, { width: 1280, height: 800 });
  await citizen.ask(QUESTION);
  await take(citizen.page, 'citizen.png');
});

test('the desk', async ({ browser, server }) => {
  server.addHelper(FIRST_HELPER);
  const citizen = await Citizen.arrive(browser, server.url);
  await citizen.ask(QUESTION);
  await citizen.ask(FOLLOW_UP);
  await citizen.ask(HUMAN);
  // Somebody else waits meanwhile, as on a real day.
  const other = await Citizen.arrive(browser, server.url);
  await other.ask('公积金租房怎么提取');
  const helper = await Helper.logIn(browser, server.url, FIRST_HELPER);
  await helper.claim();
  await other.page.getByTestId('human-button').click();
  await helper.write(REPLY);
  await expect(citizen.messages('helper')).toHaveCount(1);
  await citizen.write(THANKS);
  await expect(helper.messages('citizen').last()).toContainText(THANKS);
  await expect(helper.queue).toHaveCount(1);
  await expect(helper.page.locator('.el-message')).toHaveCount(0);
  await take(helper.page, 'desk.png');
});

test('the page 检索测试', async ({ browser, server }) => {
  server.addHelper(FIRST_HELPER);
  const { page } = await Helper.logIn(browser, server.url, FIRST_HELPER);
  await page.getByTestId('search-nav').click();
  await page.getByTestId('try-question').fill('身份证丢了怎么补办');
  await page.getByTestId('try-submit').click();
  await expect(page.getByTestId('try-outcome')).toHaveText('会直接回答');
  await take(page, 'search.png');
});
