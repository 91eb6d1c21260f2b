import { type Page } from '@playwright/test';

import { view } from './support/apps';
import { expectAccessible } from './support/axe';
import { Guide } from './support/guide';
import { Server } from './support/server';
import { openShadows } from './support/shared';
import { expect, test } from './support/test';
import { Weixin } from './support/weixin';

const CITIZEN = 'openid-of-zhang';

/** A citizen in WeChat whom somebody serves, and who was sent a link. */
async function scene(): Promise<{ weixin: Weixin; server: Server; guide: Guide }> {
  const weixin = new Weixin();
  await weixin.listen();
  const server = await Server.start((url) => weixin.section(url));
  server.addHelper('小王');
  const guide = await Guide.serve(server.url, '一起填写经营范围', () => weixin.push(server.url, CITIZEN, '转人工'));
  return { weixin, server, guide };
}

/** Taps the link as the chat shows it, and the one button of its page. */
async function tap(page: Page, weixin: Weixin, openid: string, link: string): Promise<void> {
  weixin.visitor = openid;
  await expect.poll(() => weixin.words(CITIZEN)).toContain(link);
  await page.goto(link);
  await page.locator('#open').click();
}

test('in WeChat the citizen taps the link and is asked for consent, without digits', async ({ browser }) => {
  const { weixin, server, guide } = await scene();
  try {
    const elsewhere: string[] = [];
    const page = await view(browser, 'WeChat on iOS');
    await openShadows(page);
    page.on('request', (request) => {
      if (!request.isNavigationRequest() && !request.url().startsWith(server.url) && !request.url().startsWith('data:')) elsewhere.push(request.url());
    });
    await tap(page, weixin, CITIZEN, guide.link);
    await page.waitForURL(/\/forms\/enterprise/);
    await expect(page.getByTestId('consent')).toBeVisible();
    expect(weixin.passed).toBe(1);
    expect(new URL(page.url()).hash, 'the token is not left in the address').toBe('');
    expect(await page.context().cookies(server.url), 'the ticket is gone').toEqual([]);
    expect(elsewhere, 'no script, style or picture of another host').toEqual([]);
    await page.screenshot({ path: test.info().outputPath('consent.png') });
    // The link was for one opening.
    const again = await view(browser, 'WeChat on iOS');
    await tap(again, weixin, CITIZEN, guide.link);
    await expect(again.locator('#fault')).toContainText('已经用过或者过期');
  } finally {
    await server.stop();
    weixin.close();
  }
});

test('somebody whom the link was forwarded to, and a citizen whom WeChat does not let pass, type the digits', async ({ browser }) => {
  const { weixin, server, guide } = await scene();
  try {
    const stranger = await view(browser, 'WeChat on Android');
    await tap(stranger, weixin, 'openid-of-somebody-else', guide.link);
    await expect(stranger.locator('#code')).toBeVisible();
    await expect.poll(() => weixin.digits(CITIZEN)).not.toBe('');
    await expectAccessible(stranger, 'digits after the way to WeChat');
    await stranger.locator('#code').fill('000000' === weixin.digits(CITIZEN) ? '000001' : '000000');
    await stranger.locator('#open').click();
    await expect(stranger.locator('#fault')).toContainText('数字不对');

    const phone = await view(browser, 'WeChat on iOS');
    await openShadows(phone);
    weixin.broken = true;
    await tap(phone, weixin, CITIZEN, guide.link);
    await expect(phone.locator('h1')).toHaveText('redirect_uri 参数错误');
    // The way out is the way in: the link of the chat once more.
    await tap(phone, weixin, CITIZEN, guide.link);
    await expect(phone.locator('#code')).toBeVisible();
    await phone.locator('#code').fill(weixin.digits(CITIZEN));
    await phone.locator('#open').click();
    await phone.waitForURL(/\/forms\/enterprise/);
    await expect(phone.getByTestId('consent')).toBeVisible();
    expect(weixin.passed, 'only the stranger has passed').toBe(1);
  } finally {
    await server.stop();
    weixin.close();
  }
});
