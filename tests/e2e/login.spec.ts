import { AGENTS, expectTidy, view } from './support/apps';
import { Citizen, PHONE } from './support/citizen';
import { Helper } from './support/helper';
import { Oldest } from './support/oldest';
import { logInAs, turnBack } from './support/provider';
import { FIRST_HELPER, QUESTION } from './support/story';
import { expect, test as base } from './support/test';
import { arriveElsewhere, begin, beginQuietly, link, look, shows, test } from './support/town';

/** Nothing in the demo city's knowledge comes near it. */
const UNKNOWN = '去火星移民要交多少钱';

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

test('a page of another site gets the code back while its window is there, and from nobody else', async ({ browser, town: { site } }) => {
  const citizen = await arriveElsewhere(browser, site.url);
  const confirmed: string[] = [];
  citizen.page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/login/confirm')) confirmed.push(request.postData() ?? '');
  });
  const popup = await begin(citizen.page);
  const login = popup.url().split('/').pop() ?? '';
  await popup.getByTestId('login').click();
  await logInAs(popup, 'zhang');
  await shows(popup, 'consent');
  // The page around the widget, and a stranger's login from the right place, are not listened to.
  await citizen.page.evaluate((id) => window.postMessage({ yikouwen: 'login', login: id, code: '123456' }, '*'), login);
  await popup.evaluate(
    (target) => (window.opener as Window).postMessage({ yikouwen: 'login', login: 'another', code: '123456' }, target),
    site.url,
  );
  await popup.getByTestId('agree').click();
  await shows(popup, 'done');
  await expect(citizen.page.getByTestId('linked-as')).toContainText('张');
  expect(confirmed).toHaveLength(1);
  expect(confirmed[0]).not.toContain('123456');
});

test('whoever turns back, declines, or comes to the wrong place is told what to do', async ({ browser, town: { server } }) => {
  const citizen = await Citizen.arrive(browser, server.url);
  await citizen.ask(QUESTION);
  const popup = await begin(citizen.page);
  const shown = (fault: string): Promise<void> => expect(popup.getByTestId('fault')).toHaveAttribute('data-fault', fault);

  await test.step('turned back at the provider', async () => {
    await popup.getByTestId('login').click();
    await turnBack(popup);
    await shown('denied');
    await look(popup, '20-denied');
    await popup.reload();
    await shows(popup, 'ticket');
  });

  await test.step('not agreed', async () => {
    await popup.getByTestId('login').click();
    await logInAs(popup, 'zhang');
    await shows(popup, 'consent');
    await popup.getByTestId('decline').click();
    await shows(popup, 'declined');
    await look(popup, '21-declined');
    await expect(citizen.page.getByTestId('linked-as')).toHaveCount(0);
  });

  await test.step('another person has the channel', async () => {
    const late = await beginQuietly(citizen);
    const li = await (await browser.newContext({ viewport: PHONE })).newPage();
    await li.goto(`${server.url}/login/${late}`);
    await li.getByTestId('login').click();
    await logInAs(li, 'li');
    await shows(li, 'consent');
    // Who is logged in already is asked at once.
    const again = await begin(citizen.page, 'consent');
    await again.getByTestId('agree').click();
    await shows(again, 'done');
    await li.getByTestId('agree').click();
    await expect(li.getByTestId('fault')).toHaveAttribute('data-fault', 'linked_elsewhere');
    await look(li, '22-elsewhere');
  });

  await test.step('a link that is over', async () => {
    await popup.goto(`${server.url}/login/there-is-none`);
    await shown('ticket_over');
    await look(popup, '23-over');
  });

  await test.step('no line', async () => {
    await popup.route('**/api/v1/me', (route) => route.abort());
    await popup.goto(`${server.url}/me`);
    await shown('offline');
    await look(popup, '24-offline');
    await popup.unroute('**/api/v1/me');
    await popup.getByTestId('retry').click();
    await shows(popup, 'home');
  });
});

test('in an app that knows one window the citizen goes there and comes back', async ({ browser, town: { server } }) => {
  const page = await view(browser, 'WeChat on Android', { letters: 140 });
  await page.goto(server.url);
  const citizen = new Citizen(page);
  await citizen.connected();
  await citizen.ask(QUESTION);
  await page.getByTestId('login').click();
  await shows(page, 'ticket');
  expect(page.context().pages()).toHaveLength(1);
  await expectTidy(page, 'ticket');
  await page.getByTestId('login').click();
  await logInAs(page, 'zhang');
  await shows(page, 'consent');
  await expectTidy(page, 'consent');
  await page.getByTestId('agree').click();
  await shows(page, 'done');
  await page.getByTestId('to-home').click();
  await shows(page, 'home');
  await expectTidy(page, 'home');
  await look(page, '40-wechat-home');
  await page.getByTestId('talk').click();
  await shows(page, 'talk');
  await expectTidy(page, 'talk');
  await page.getByTestId('back').first().click();
  await shows(page, 'home');
  await page.getByTestId('to-ask').click();
  await citizen.connected();
  await expect(page.getByTestId('linked-as')).toContainText('张');
  await expect(citizen.messages('citizen')).toHaveCount(1);
});

test('a link that the assistant gives does the same', async ({ browser, town: { server } }) => {
  const citizen = await Citizen.arrive(browser, server.url);
  const answer = await citizen.ask('登录');
  const opened = citizen.page.waitForEvent('popup');
  await answer.getByRole('link').first().click();
  const popup = await opened;
  await shows(popup, 'ticket');
  await popup.getByTestId('login').click();
  await logInAs(popup, 'li');
  await popup.getByTestId('agree').click();
  await shows(popup, 'done');
  await expect(citizen.page.getByTestId('linked-as')).toContainText('李');
});

test('in English, in the dark, on a wide screen', async ({ browser, town: { server } }) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', colorScheme: 'dark' });
  const page = await context.newPage();
  await page.goto(`${server.url}/me`);
  await shows(page, 'welcome');
  await expect(page.getByTestId('login')).toHaveText('Log in with Zheliban');
  await look(page, '30-welcome');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByTestId('login')).toBeFocused();
  await page.keyboard.press('Enter');
  await logInAs(page, 'li');
  await shows(page, 'home');
  await look(page, '31-home');
  await page.getByTestId('large-toggle').click();
  await look(page, '32-home-large');
  await page.getByTestId('language-toggle').click();
  await expect(page.locator('h1')).toHaveText('李**，您好');
});

base('where nobody can log in, nothing offers it', async ({ browser, server }) => {
  const citizen = await Citizen.arrive(browser, server.url);
  await expect(citizen.page.getByTestId('greeting')).toBeVisible();
  await expect(citizen.page.getByTestId('login-bar')).toHaveCount(0);
  await citizen.page.goto(`${server.url}/me`);
  await shows(citizen.page, 'off');
  await look(citizen.page, '33-off');
});

test('the whole way in the engine of DingTalk on Android', async ({ town: { server } }) => {
  const oldest = await Oldest.launch(AGENTS['DingTalk on Android'], PHONE);
  const inWidget = (id: string): string => `document.querySelector('yikouwen-chat').shadowRoot.querySelector('[data-testid="${id}"]')`;
  const onPage = (id: string): string => `document.querySelector('[data-testid="${id}"]')`;
  const screen = (name: string): string => `${onPage('me')}.dataset.screen === '${name}'`;
  const eventually = (expression: string): Promise<void> =>
    expect.poll(() => oldest.evaluate<boolean>(`Boolean(${expression})`).catch(() => false), { message: expression, timeout: 15_000 }).toBe(true);
  try {
    await oldest.goto(server.url);
    await eventually(inWidget('login'));
    await oldest.evaluate(`${inWidget('login')}.click()`);
    await eventually(screen('ticket'));
    await oldest.evaluate(`${onPage('login')}.click()`);
    await eventually(`document.querySelector('input[name="login"]')`);
    await oldest.evaluate(
      `(() => { document.querySelector('input[name="login"]').value = 'zhang'; document.querySelector('input[name="password"]').value = 'any'; document.querySelector('button[type="submit"]').click(); })()`,
    );
    await eventually(`!document.querySelector('input[name="login"]') && document.querySelector('button[type="submit"]')`);
    await oldest.evaluate(`document.querySelector('button[type="submit"]').click()`);
    await eventually(screen('consent'));
    await oldest.picture(test.info().outputPath('consent.png'));
    await oldest.evaluate(`${onPage('agree')}.click()`);
    await eventually(screen('done'));
    await oldest.evaluate(`${onPage('to-home')}.click()`);
    await eventually(screen('home'));
    await oldest.picture(test.info().outputPath('home.png'));
    await oldest.goto(server.url);
    await eventually(inWidget('linked-as'));
    expect(oldest.complaints).toEqual([]);
  } finally {
    await oldest.close();
  }
});
