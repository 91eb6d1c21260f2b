import { AGENTS, expectTidy, view, type App } from './support/apps';
import { Citizen, PHONE } from './support/citizen';
import { ForeignSite } from './support/foreign';
import { Helper } from './support/helper';
import { Oldest } from './support/oldest';
import { Server } from './support/server';
import { FIRST_HELPER, QUESTION } from './support/story';
import { expect, test } from './support/test';

/** A picture of one dot. */
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

for (const app of Object.keys(AGENTS) as App[]) {
  test(`a citizen asks in ${app}, with letters of every size`, async ({ browser, server }) => {
    for (const letters of [100, 120, 140]) {
      const page = await view(browser, app, { letters });
      await page.goto(server.url);
      const citizen = new Citizen(page);
      await citizen.connected();
      await expectTidy(page, `${letters} %: first screen`);
      const answer = await citizen.ask(QUESTION);
      await expectTidy(page, `${letters} %: answer`);
      const size = await answer.locator('.bubble p').first().evaluate((words) => words.getBoundingClientRect().height);
      expect(size).toBeGreaterThan(0);
      await answer.getByTestId('citation-chip').first().click();
      await expect(citizen.sheet.getByTestId('entry')).toBeVisible();
      await expectTidy(page, `${letters} %: source`);
      await page.getByTestId('sheet-close').click();
      await page.getByTestId('large-toggle').click();
      await expectTidy(page, `${letters} %: large type besides`);
      await page.screenshot({ path: test.info().outputPath(`${letters}.png`) });
      await page.context().close();
    }
  });
}

test('the widget on a page of another site stays tidy, too', async ({ browser }) => {
  const site = new ForeignSite();
  await site.listen();
  const server = await Server.start(`[channels.web]\ntype = "web"\nallowed_origins = ["${site.url}"]\n`);
  site.carry(server.url);
  try {
    for (const letters of [100, 140]) {
      const page = await view(browser, 'WeChat on iOS', { letters });
      await page.goto(site.url);
      await expectTidy(page, `${letters} %: closed`);
      await page.getByTestId('launcher').click();
      const citizen = new Citizen(page);
      await citizen.connected();
      const answer = await citizen.ask(QUESTION);
      await expectTidy(page, `${letters} %: answer`);
      await answer.getByTestId('citation-chip').first().click();
      await expect(citizen.sheet.getByTestId('entry')).toBeVisible();
      await expectTidy(page, `${letters} %: source`);
      await page.getByTestId('sheet-close').click();
      await page.screenshot({ path: test.info().outputPath(`${letters}.png`) });
      await page.getByTestId('minimize').click();
      await expect(page.getByTestId('launcher')).toBeVisible();
      await page.context().close();
    }
  } finally {
    await server.stop();
    site.close();
  }
});

test('letters are as large as the app is told to make them', async ({ browser, server }) => {
  const heights: number[] = [];
  for (const letters of [100, 140]) {
    const page = await view(browser, 'WeChat on iOS', { letters });
    await page.goto(server.url);
    // A line of one word is as high as its letters make it.
    heights.push(
      await page.getByTestId('greeting').locator('.name').evaluate((name) => {
        const range = document.createRange();
        range.selectNodeContents(name);
        return range.getBoundingClientRect().width;
      }),
    );
    await page.context().close();
  }
  expect((heights[1] ?? 0) / (heights[0] ?? 1)).toBeGreaterThan(1.3);
});

test('the keyboard leaves the box and some of the thread in sight', async ({ browser, server }) => {
  const page = await view(browser, 'WeChat on Android');
  await page.goto(server.url);
  const citizen = new Citizen(page);
  await citizen.connected();
  await citizen.ask(QUESTION);
  // The view is as high as the keyboard leaves it, as XWeb makes it.
  await page.setViewportSize({ width: PHONE.width, height: 420 });
  await page.getByTestId('ask-box').focus();
  await expect(page.getByTestId('ask-box')).toBeInViewport({ ratio: 1 });
  await expect(page.getByTestId('send')).toBeInViewport({ ratio: 1 });
  const thread = await page.getByTestId('thread').boundingBox();
  expect(thread?.height).toBeGreaterThan(120);
});

test('a view that keeps nothing still answers', async ({ browser, server }) => {
  const page = await view(browser, 'WeChat on iOS');
  // WeChat may drop what is kept when it is closed; some views refuse to keep anything.
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, {
        get: () => {
          throw new DOMException('refused', 'SecurityError');
        },
      });
    }
  });
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(server.url);
  const citizen = new Citizen(page);
  await citizen.connected();
  await citizen.ask(QUESTION);
  expect(complaints).toEqual([]);
});

test('files are chosen without a list of kinds, and opened by their address', async ({ browser, server }) => {
  const page = await view(browser, 'WeChat on Android');
  await page.goto(server.url);
  const citizen = new Citizen(page);
  await citizen.connected();
  // Views of Android look for an app that knows each kind of the list, and open nothing when there is none.
  await expect(page.getByTestId('attach-field')).not.toHaveAttribute('accept');
  await expect(page.getByTestId('camera-field')).toHaveAttribute('accept', 'image/*');
  await page.getByTestId('attach-field').setInputFiles({ name: '照片.png', mimeType: 'image/png', buffer: DOT });
  const picture = page.getByTestId('picture');
  await expect(picture).toHaveAttribute('href', /^http/);
  // A download is what these views do not do.
  await expect(picture).not.toHaveAttribute('download');
  // What is opened takes the place of the page, and the way back leads to the same thread.
  await page.goto((await picture.getAttribute('href')) ?? '');
  await expect(page.locator('img')).toBeVisible();
  await page.goBack();
  await citizen.connected();
  await expect(citizen.messages('citizen'), 'the thread is there again').toHaveCount(1);
});

test('the engine of DingTalk on Android runs the page', async ({ server }) => {
  const oldest = await Oldest.launch(AGENTS['DingTalk on Android'], PHONE);
  const part = (id: string): string => `document.querySelector('yikouwen-chat').shadowRoot.querySelector('[data-testid="${id}"]')`;
  const eventually = (expression: string, what: string): Promise<void> =>
    expect.poll(() => oldest.evaluate<boolean>(`Boolean(${expression})`).catch(() => false), what).toBe(true);
  try {
    await oldest.goto(server.url);
    await eventually(`${part('notice')}.dataset.link === 'up'`, 'connected');
    await oldest.evaluate(
      `(() => { const box = ${part('ask-box')}; box.value = ${JSON.stringify(QUESTION)}; box.dispatchEvent(new Event('input', { bubbles: true })); })()`,
    );
    await eventually(`${part('send')}.getAttribute('aria-disabled') === 'false'`, 'ready to send');
    await oldest.evaluate(`${part('send')}.click()`);
    await eventually(part('citation-chip'), 'answered');
    await oldest.evaluate(`${part('citation-chip')}.click()`);
    await eventually(part('entry'), 'the source opens');
    await oldest.picture(test.info().outputPath('source.png'));
    const [title, body] = await oldest.evaluate<[number, number]>(
      `(() => { const root = ${part('entry-sheet')}; return [root.querySelector('h3').getBoundingClientRect().bottom, root.querySelector('.sheet-body').getBoundingClientRect().top]; })()`,
    );
    expect(title, 'the title stands above the words').toBeLessThan(body);
    const gap = await oldest.evaluate<number>(
      `(() => { const [one, other] = ${part('human-button')}.closest('.tools').querySelectorAll('.tool'); return Math.max(other.getBoundingClientRect().left - one.getBoundingClientRect().right, other.getBoundingClientRect().top - one.getBoundingClientRect().bottom); })()`,
    );
    expect(gap, 'buttons keep their distance').toBeGreaterThan(3);
    expect(oldest.complaints).toEqual([]);
    await oldest.goto(`${server.url}/me`);
    await eventually(`document.querySelector('main[data-screen]') && document.querySelector('main').dataset.screen !== 'loading'`, '/me');
    expect(oldest.complaints).toEqual([]);
  } finally {
    await oldest.close();
  }
});

test('nothing asks for a link that stands in an answer', async ({ browser, server }) => {
  const site = new ForeignSite();
  await site.listen();
  server.addHelper(FIRST_HELPER);
  try {
    const citizen = await Citizen.arrive(browser, server.url);
    await citizen.write('转人工');
    const helper = await Helper.logIn(browser, server.url, FIRST_HELPER);
    await expect(helper.queue).toHaveCount(1);
    await helper.claim();
    const asked: string[] = [];
    for (const page of [citizen.page, helper.page]) page.on('request', (request) => asked.push(new URL(request.url()).origin));
    await helper.write(`请看 ${site.url}/secret 和 [办事指南](${site.url}/guide)`);
    const links = citizen.messages('helper').last().getByRole('link');
    await expect(links).toHaveCount(2);
    await expect(helper.messages('helper').last().getByRole('link')).toHaveCount(2);
    for (const link of await links.all()) await expect(link).toHaveAttribute('rel', /noreferrer/);
    await citizen.page.reload();
    await citizen.connected();
    await expect(links).toHaveCount(2);
    await expect(citizen.page.locator('link[rel*="pre"], link[rel*="dns"]')).toHaveCount(0);
    expect(asked).not.toContain(site.url);
    expect(site.visits).toBe(0);
  } finally {
    site.close();
  }
});
