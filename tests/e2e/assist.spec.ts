import { expect, Counter, newPage, picture, agree, test } from './support/shared';
import { expectAccessible } from './support/axe';
import { Guide, KIOSK } from './support/guide';
import { site } from './support/site';
import { PURPOSE, Tap } from './support/tap';

test('a citizen shares the form, is shown the way, and submits by himself', async ({ browser, figures }) => {
  const counter = await Counter.open(browser, { width: 360, height: 780 });
  const { helper, form, tap } = counter;
  const { page } = helper;
  try {
    await test.step('nothing leaves before consent', async () => {
      await counter.ask();
      await picture(page, 'desk-ask');
      await counter.follow();
      expect(new URL(form.url()).hash, 'the token is not left in the address').toBe('');
      await form.waitForTimeout(700);
      const before = tap.wire.filter(({ kind, text }) => kind !== 'text' || !/"t":"(hello|visible)"/.test(text));
      expect(before).toEqual([]);
      expect(tap.wire.map(({ text }) => text).join('')).not.toContain('企业');
      figures.print('frames of the page before consent', before.length);
      await picture(form, 'phone-consent');
      await expectAccessible(form, 'consent');
    });
    await test.step('consent shows the page', async () => {
      const began = Date.now();
      await form.getByTestId('consent-yes').click();
      await counter.shown();
      figures.print('from consent to the first picture (ms)', Date.now() - began);
      await expect(counter.picture().locator('h1')).toHaveText('企业设立登记');
      await picture(form, 'phone-bar');
      await picture(page, 'desk-viewer-phone');
    });
    await test.step('a highlight', async () => {
      await counter.allow('point');
      await form.locator('#trade').scrollIntoViewIfNeeded();
      await expect(counter.picture().locator('input[name="trade"]')).toBeInViewport();
      await counter.pick(counter.picture().locator('input[name="trade"]'));
      await expect(page.getByTestId('picked')).toContainText('字号');
      await page.getByTestId('mark-caption').fill('先填这里：给企业起的名字');
      await page.getByTestId('mark-arrow').click();
      await expect(form.getByTestId('mark-text')).toHaveText('先填这里：给企业起的名字');
      await form.waitForTimeout(600);
      await picture(form, 'phone-arrow');
      await picture(page, 'desk-highlight');
    });
    await test.step('a proposal is applied by the citizen', async () => {
      await counter.allow('fill');
      await page.getByTestId('fill-value').fill('禾苗');
      await page.getByTestId('fill-why').fill('您刚才说想叫这个名字');
      await page.getByTestId('fill-send').click();
      await expect(form.getByTestId('fill-card')).toBeVisible();
      await expect(form.getByTestId('fill-after')).toHaveText('禾苗');
      await picture(form, 'phone-card');
      await expectAccessible(form, 'fill card');
      await form.getByTestId('fill-apply').click();
      await expect(form.locator('#trade')).toHaveValue('禾苗');
      await expect(page.getByTestId('proposal')).toHaveAttribute('data-result', 'applied');
      await expect(counter.picture().locator('input[name="trade"]')).toHaveValue('禾苗');
      await form.getByTestId('fill-undo').click();
      await expect(form.locator('#trade')).toHaveValue('');
      await expect(page.getByTestId('proposal')).toHaveAttribute('data-result', 'undone');
      await picture(page, 'desk-fill');
    });
    await test.step('stopping ends the view at once', async () => {
      const began = Date.now();
      await form.getByTestId('share-stop').click();
      await expect(page.getByTestId('share-notice')).toHaveText(/群众停止了共享/);
      figures.print('from stop to an empty stage (ms)', Date.now() - began);
      await expect(form.getByTestId('share-bar')).toHaveCount(0);
      const frames = tap.wire.length;
      await form.locator('#trade').fill('谷雨');
      await form.waitForTimeout(400);
      expect(tap.wire.length, 'nothing leaves afterwards').toBe(frames);
    });
  } finally {
    await counter.close();
  }
});

test('the link opens once, and asks for a code where one is needed', async ({ browser }) => {
  const tap = await Tap.open(KIOSK);
  const guide = await Guide.serve(tap.server.url, PURPOSE, 'kiosk');
  const code = await guide.code();
  const page = await newPage(browser, { width: 360, height: 780 });
  await page.goto(guide.link);
  await picture(page, 'phone-link');
  expect(tap.opened, 'looking at the link uses nothing up').toBe(0);
  await expectAccessible(page, 'link');
  await page.locator('#open').click();
  await expect(page.locator('#code')).toBeFocused();
  await page.locator('#code').fill(code === '111111' ? '222222' : '111111');
  await page.locator('#open').click();
  await expect(page.locator('#fault')).toContainText('数字不对');
  await picture(page, 'phone-link-code');
  await page.locator('#code').fill(code);
  await page.locator('#open').click();
  await expect(page.getByTestId('consent')).toBeVisible();
  const again = await newPage(browser);
  await again.goto(guide.link);
  await again.locator('#open').click();
  await expect(again.locator('#fault')).toContainText('已经用过或者过期');
  expect(tap.opened).toBe(1);
  await tap.close();
});

test('the drawing on the page is closed to the page', async ({ browser, tap }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(tap.formUrl);
  await expect(page.locator('[data-yikouwen-assist]')).toBeAttached();
  expect(await page.locator('[data-yikouwen-assist]').evaluate((host) => [host.shadowRoot, host.className])).toEqual([null, 'rr-block']);
});

test('a share goes on over the pages of a form, and pauses', async ({ browser, tap }) => {
  const page = await newPage(browser);
  await agree(page, tap, tap.formUrl);
  await page.reload();
  await expect(page.getByTestId('share-bar')).toHaveAttribute('data-state', 'watching');
  await expect(page.getByTestId('consent')).toHaveCount(0);
  await expect.poll(() => tap.epoch).toBe(2);
  // A viewer that was slow may have asked for one more.
  await expect.poll(() => tap.wire.filter(({ kind }) => kind === 'snap').length).toBeGreaterThanOrEqual(2);
  await page.getByTestId('share-pause').click();
  await expect(page.getByTestId('share-bar')).toHaveAttribute('data-state', 'paused');
  const frames = tap.wire.filter(({ kind }) => kind !== 'text').length;
  await page.locator('#trade').fill('暂停时写的');
  await page.waitForTimeout(400);
  expect(tap.wire.filter(({ kind }) => kind !== 'text').length).toBe(frames);
  await page.getByTestId('share-pause').click();
  await expect.poll(() => tap.wire.at(-1)?.kind === 'snap' || tap.wire.some(({ kind }, at) => kind === 'snap' && at >= frames)).toBe(true);
});

test('a strict page of another site needs one script tag and two words in its policy', async ({ browser, tap }) => {
  const other = await site();
  try {
    const socket = tap.url.replace('http', 'ws');
    const policy = `default-src 'none'; script-src ${tap.url}; connect-src ${tap.url} ${socket}; style-src 'self'; form-action 'self'; base-uri 'none'`;
    other.page('/site.css', 'h1{color:#112233;letter-spacing:1.33333333px} h1::after{content:"机密词"}');
    const html = `<!doctype html><html lang="zh"><head><meta http-equiv="content-security-policy" content="${policy}">
      <link rel="stylesheet" href="/site.css"><script src="${tap.url}/assist.js" defer></script></head>
      <body><h1>别处的表格</h1><form><label>姓名<input name="name"></label><label>事项<input name="matter" data-assist="show"></label></form></body></html>`;
    // With its shadow root closed as it is, so all of it is done with the keyboard.
    const page = await (await browser.newContext()).newPage();
    const answer = async (done: () => unknown): Promise<void> => {
      await page.waitForTimeout(300);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await expect.poll(done).toBeTruthy();
    };
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('favicon')) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${other.page('/form', html)}#${tap.fragment}`);
    await expect.poll(() => tap.epoch).toBe(1);
    await answer(() => tap.wire.some(({ kind }) => kind === 'snap'));
    for (const scope of ['point', 'fill'] as const) {
      tap.say({ t: 'ask', scope });
      await answer(() => tap.perm[scope]);
    }
    const snap = tap.wire.find(({ kind }) => kind === 'snap')?.text ?? '';
    expect(snap, 'its styles go along, because the helper could not load them').toMatch(/rgb\(17, ?34, ?51\)/);
    expect(snap).not.toContain('机密词');
    tap.say({ t: 'fill.propose', id: 'f', node: tap.nodeOf('name', 'matter'), value: '开餐馆', purpose: '', expect: { name: 'matter', label: '事项' } });
    await answer(() => tap.results('f').includes('applied'));
    await expect(page.locator('[name="matter"]')).toHaveValue('开餐馆');
    tap.say({ t: 'hl', id: 'h', node: tap.nodeOf('name', 'name'), kind: 'arrow', text: '填这里', ttl: 9 });
    await page.waitForTimeout(300);
    expect(complaints).toEqual([]);
  } finally {
    other.close();
  }
});
