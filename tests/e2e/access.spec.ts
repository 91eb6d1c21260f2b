import type { Page } from '@playwright/test';

import { expectAccessible } from './support/axe';
import { Citizen, PHONE } from './support/citizen';
import { ForeignSite } from './support/foreign';
import { Helper } from './support/helper';
import { Server } from './support/server';
import { FIRST_HELPER, QUESTION, REPLY } from './support/story';
import { expect, test } from './support/test';

/** Presses Tab until the element with this test id has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, testId: string, key = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press(key);
    const focused = await page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      return element?.getAttribute('data-testid') ?? '';
    });
    if (focused === testId) return;
  }
  throw new Error(`the focus never reached ${testId}`);
}

for (const scheme of ['light', 'dark'] as const) {
  test(`the citizen's page has no barriers (${scheme})`, async ({ browser, server }) => {
    const citizen = await Citizen.arrive(browser, server.url);
    await citizen.page.emulateMedia({ colorScheme: scheme });
    await expect(citizen.page.getByTestId('starter').first()).toBeVisible();
    await expectAccessible(citizen.page, 'first screen');
    await citizen.ask(QUESTION);
    await expectAccessible(citizen.page, 'after an answer');
    await citizen.chips.first().click();
    await expect(citizen.sheet.getByTestId('entry')).toBeVisible();
    await expectAccessible(citizen.page, 'an opened source');
    await citizen.page.getByTestId('sheet-close').click();
    await citizen.page.getByTestId('large-toggle').click();
    await expectAccessible(citizen.page, 'large type');
  });
}

test('the desk has no barriers', async ({ browser, page, server }) => {
  server.addHelper(FIRST_HELPER);
  await page.goto(`${server.url}/desk/`);
  await expect(page.getByTestId('login-form')).toBeVisible();
  await expectAccessible(page, 'login');
  const citizen = await Citizen.arrive(browser, server.url);
  await citizen.ask(QUESTION);
  await citizen.page.getByTestId('human-button').click();
  const helper = await Helper.logIn(browser, server.url, FIRST_HELPER);
  await expect(helper.queue).toHaveCount(1);
  await expectAccessible(helper.page, 'queue');
  await helper.claim();
  await helper.write(REPLY);
  await expect(helper.messages('helper')).toHaveCount(1);
  await helper.page.getByTestId('used-entry').first().click();
  await expect(helper.page.getByTestId('entry')).toBeVisible();
  // The note that the claim succeeded covers things for three seconds.
  await expect(helper.page.locator('.el-message')).toHaveCount(0);
  await expectAccessible(helper.page, 'workbench');
});

test('everything can be done with the keyboard', async ({ browser, server }) => {
  const chat = await Citizen.arrive(browser, server.url, { width: 1280, height: 800 });
  const { page } = chat;
  await expect(page.getByTestId('starter').first()).toBeVisible();
  await tabTo(page, 'starter');
  await page.keyboard.press('Enter');
  await expect(chat.messages('robot')).toHaveCount(1);
  await tabTo(page, 'ask-box');
  await page.keyboard.type('身份证丢了怎么补办');
  await page.keyboard.press('Enter');
  await expect(chat.messages('robot')).toHaveCount(2);
  await expect(chat.chips.last()).toBeVisible();
  await tabTo(page, 'citation-chip', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await expect(chat.sheet.getByTestId('sheet-quote')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(chat.sheet).toHaveCount(0);
  await expect(chat.chips.last(), 'the focus is back where it was').toBeFocused();
});

test('large type and the language stay over a reload', async ({ browser, server }) => {
  const { page } = await Citizen.arrive(browser, server.url);
  const size = (): Promise<number> =>
    page.getByTestId('greeting').locator('.bubble').evaluate((bubble) => parseFloat(getComputedStyle(bubble).fontSize));
  const normal = await size();
  await page.getByTestId('large-toggle').click();
  const large = await size();
  expect(large).toBeGreaterThanOrEqual(22);
  expect(large).toBeGreaterThan(normal);
  await page.getByTestId('language-toggle').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ask once, in one place');
  await page.reload();
  await expect(page.getByTestId('greeting')).toContainText('Hello');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  expect(await size()).toBe(large);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, 'nothing is cut off at the side').toBeLessThanOrEqual(0);
});

test('the widget answers on a strict page of another site', async ({ browser }) => {
  const site = new ForeignSite();
  await site.listen();
  const server = await Server.start(`[channels.web]\ntype = "web"\nallowed_origins = ["${site.url}"]\n`);
  try {
    site.carry(server.url);
    const context = await browser.newContext({ viewport: PHONE });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(site.url);
    await page.getByTestId('launcher').click();
    const citizen = new Citizen(page);
    await citizen.connected();
    const answer = await citizen.ask(QUESTION);
    await answer.getByTestId('citation-chip').first().click();
    await expect(citizen.sheet.getByTestId('entry')).toBeVisible();
    const colour = await citizen.sheet.evaluate((sheet) => getComputedStyle(sheet).backgroundColor);
    expect(colour, 'the styles apply').not.toBe('rgba(0, 0, 0, 0)');
    expect(complaints).toEqual([]);
  } finally {
    await server.stop();
    site.close();
  }
});

test('answers come without WebSockets', async ({ browser, server }) => {
  const context = await browser.newContext({ viewport: PHONE });
  const page = await context.newPage();
  await page.routeWebSocket(/\/channels\/web\/socket$/, (socket) => socket.close());
  await page.goto(server.url);
  const citizen = new Citizen(page);
  await citizen.connected();
  const answer = await citizen.ask(QUESTION);
  await expect(answer.getByTestId('citation-chip').first()).toBeVisible();
  expect(await citizen.messages().count()).toBe(2);
});
