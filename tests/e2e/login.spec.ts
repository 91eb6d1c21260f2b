import { join } from 'node:path';

import type { Browser, Page } from '@playwright/test';

import { AGENTS } from './support/apps';
import { expectAccessible } from './support/axe';
import { Citizen, PHONE } from './support/citizen';
import { ForeignSite } from './support/foreign';
import { Helper } from './support/helper';
import { logInAs, Provider, turnBack, type ProviderOptions } from './support/provider';
import { Server } from './support/server';
import { FIRST_HELPER, QUESTION } from './support/story';
import { expect, test as base } from './support/test';

/** Nothing in the demo city's knowledge comes near it. */
const UNKNOWN = '去火星移民要交多少钱';

interface Town {
  server: Server;
  /** Another site, whose pages may carry the widget. */
  site: ForeignSite;
}

/** A server whose citizens log in at a provider that is not ours. */
const test = base.extend<{ provided: ProviderOptions; town: Town }>({
  provided: [{}, { option: true }],
  town: async ({ provided }, use) => {
    const provider = await Provider.listen(provided);
    const site = new ForeignSite();
    await site.listen();
    const web = `[channels.web]\ntype = "web"\nallowed_origins = ["${site.url}"]\n`;
    const server = await Server.start((url) => provider.config(url, web));
    provider.serve(server.url);
    site.carry(server.url);
    await use({ server, site });
    await server.stop();
    site.close();
    provider.close();
  },
});

/** Free of barriers; LOOK=directory keeps a picture of each state. */
async function look(page: Page, where: string): Promise<void> {
  await expectAccessible(page, where);
  const { LOOK } = process.env;
  if (LOOK !== undefined) await page.screenshot({ path: join(LOOK, `${where}.png`), fullPage: true });
}

const shows = (page: Page, screen: string): Promise<void> => expect(page.getByTestId('me')).toHaveAttribute('data-screen', screen, { timeout: 15_000 });

/** Presses the widget's login and gives the window that opens. */
async function begin(page: Page): Promise<Page> {
  const opened = page.waitForEvent('popup');
  await page.getByTestId('login').click();
  const popup = await opened;
  await shows(popup, 'ticket');
  return popup;
}

async function arriveElsewhere(browser: Browser, url: string): Promise<Citizen> {
  const context = await browser.newContext({ viewport: PHONE, hasTouch: true, isMobile: true });
  const citizen = new Citizen(await context.newPage());
  await citizen.page.goto(url);
  await citizen.page.getByTestId('launcher').click();
  await citizen.connected();
  return citizen;
}

/** Logs in from our own page, where the code comes back by itself, and leaves the window at 我的咨询. */
async function link(citizen: Citizen, who = 'zhang'): Promise<Page> {
  const popup = await begin(citizen.page);
  await popup.getByTestId('login').click();
  await logInAs(popup, who);
  await shows(popup, 'consent');
  await popup.getByTestId('agree').click();
  await shows(popup, 'done');
  await popup.getByTestId('to-home').click();
  await shows(popup, 'home');
  return popup;
}

test('a citizen logs in from the widget, and the code comes back by itself', async ({ browser, town: { server } }) => {
  const citizen = await Citizen.arrive(browser, server.url);
  await citizen.ask(QUESTION);
  await look(citizen.page, '01-widget');
  const popup = await begin(citizen.page);
  await look(popup, '02-ticket');
  await expect(popup.getByTestId('warning')).toContainText('别人发给您的');

  await test.step('whoever fetches the link for a preview consumes nothing', async () => {
    const id = popup.url().split('/').pop() ?? '';
    for (const path of [`/login/${id}`, `/login/${id}`, `/me?login=${id}`, `/api/v1/me/logins/${id}`]) {
      const answer = await fetch(server.url + path, { headers: { 'user-agent': AGENTS['WeChat on Android'] } });
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get('set-cookie'), path).toBeNull();
    }
  });

  const referrers: (string | undefined)[] = [];
  popup.on('request', (request) => {
    if (request.isNavigationRequest() && !request.url().startsWith(server.url)) referrers.push(request.headers()['referer']);
  });
  await popup.getByTestId('login').click();
  await expect(popup.locator('input[name="login"]')).toBeVisible();
  expect(referrers[0], 'the provider does not learn the address of the login').toBeUndefined();
  await logInAs(popup, 'zhang');
  await shows(popup, 'consent');
  await look(popup, '03-consent');
  await expect(popup.locator('main input'), 'nothing is ticked in advance').toHaveCount(0);
  await popup.getByTestId('agree').click();
  await shows(popup, 'done');
  await look(popup, '04-done');
  await expect(citizen.page.getByTestId('linked-as')).toContainText('张');
  await look(citizen.page, '05-widget-linked');
  await expect(citizen.messages('system').last()).toContainText('关联');

  await popup.getByTestId('to-home').click();
  await shows(popup, 'home');
  await expect(popup.getByTestId('talk')).toHaveCount(1);
  await expect(popup.getByTestId('talk')).toContainText(QUESTION);
  await look(popup, '06-home');
  await popup.getByTestId('talk').click();
  await shows(popup, 'talk');
  await expect(popup.getByTestId('said').first()).toContainText(QUESTION);
  await look(popup, '07-talk');
  await popup.goBack();
  await shows(popup, 'home');
  await popup.getByTestId('logout').click();
  await shows(popup, 'welcome');
  await look(popup, '08-welcome');
});

test.describe('with a provider that cuts windows off', () => {
  test.use({ provided: { cutsOpener: true } });

  test('two channels are joined, the second by a code that is sent by hand, and a helper sees both', async ({ browser, town: { server, site } }) => {
    server.addHelper(FIRST_HELPER);
    const first = await Citizen.arrive(browser, server.url);
    await first.ask(QUESTION);
    await link(first);

    const second = await arriveElsewhere(browser, site.url);
    await second.ask(UNKNOWN);
    const popup = await begin(second.page);
    await popup.getByTestId('login').click();
    await logInAs(popup, 'zhang');
    await shows(popup, 'consent');
    await expect(popup.getByTestId('me')).toContainText(new URL(site.url).host);
    await popup.getByTestId('agree').click();
    await shows(popup, 'code');
    await look(popup, '10-code');
    const code = (await popup.getByTestId('code').locator('[aria-hidden]').textContent()) ?? '';
    expect(code).toMatch(/^\d{6}$/);
    await second.write(code);
    await shows(popup, 'done');
    await expect(second.page.getByTestId('linked-as')).toContainText('张');
    await expect(second.page.getByTestId('unresolved')).toContainText('1 个问题还没有解决');
    await look(second.page, '11-widget-unresolved');

    await popup.getByTestId('to-home').click();
    await shows(popup, 'home');
    const talks = popup.getByTestId('talk');
    await expect(talks).toHaveCount(2);
    await expect(talks.nth(0)).toContainText(UNKNOWN);
    await expect(talks.nth(0)).toContainText('没有解决');
    await expect(talks.nth(1)).toContainText(QUESTION);
    await look(popup, '12-home-two');
    await popup.setViewportSize({ width: 1280, height: 800 });
    await look(popup, '12-home-two-wide');
    await popup.setViewportSize(PHONE);

    await test.step('the helper who serves sees who it is and what was asked elsewhere', async () => {
      await second.page.getByTestId('human-button').click();
      const helper = await Helper.logIn(browser, server.url, FIRST_HELPER);
      await expect(helper.queue).toHaveCount(1);
      await helper.claim();
      await expect(helper.page.getByTestId('citizen')).toContainText('实名用户 张');
      await helper.page.getByTestId('earlier').locator('summary').click();
      await expect(helper.page.getByTestId('earlier-row')).toHaveCount(1);
      await expect(helper.page.getByTestId('earlier-row')).toContainText('医保');
      await expect(helper.page.locator('.el-message')).toHaveCount(0);
      await look(helper.page, '13-desk');
      await helper.page.getByTestId('earlier-open').click();
      await expect(helper.page.getByTestId('earlier-messages')).toContainText(QUESTION);
      await look(helper.page, '14-desk-earlier');
      await helper.page.keyboard.press('Escape');
      await expect(helper.page.getByTestId('earlier-messages')).toHaveCount(0);
      await expect(helper.page.getByTestId('composer-input')).toBeVisible();
    });

    await test.step('one is let go, and what it had asked is no longer there', async () => {
      await popup.reload();
      await shows(popup, 'home');
      await expect(popup.getByTestId('link')).toHaveCount(2);
      await popup.getByTestId('unlink').last().click();
      await expect(popup.getByTestId('ask')).toContainText('对话本身不会删');
      await look(popup, '15-unlink');
      await popup.getByTestId('ask-yes').click();
      await expect(popup.getByTestId('link')).toHaveCount(1);
      await expect(popup.getByTestId('talk')).toHaveCount(1);
      await expect(popup.getByTestId('talk')).toContainText(QUESTION);
    });

    await test.step('everything is forgotten that the login left', async () => {
      await popup.getByTestId('forget').click();
      await look(popup, '16-forget');
      await popup.getByTestId('ask-yes').click();
      await shows(popup, 'forgotten');
      await look(popup, '17-forgotten');
      await first.page.reload();
      await first.connected();
      await expect(first.page.getByTestId('login'), 'not linked any more').toBeVisible();
      await expect(first.messages('citizen'), 'the conversation stays').toHaveCount(1);
    });
  });
});
