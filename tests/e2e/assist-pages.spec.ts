/** The citizen's own pages while they are shared: that of the chat, and 我的咨询. */
import type { Browser, Locator, Page } from '@playwright/test';

import { expectAccessible } from './support/axe';
import { Citizen } from './support/citizen';
import { NUMBERS, strings } from './support/corpus';
import { Helper } from './support/helper';
import { logInAs, Provider } from './support/provider';
import { Counter, agree, compared, expect, newPage, openShadows, picture, test as base } from './support/shared';
import { Tap, type Frame } from './support/tap';
import { link, shows } from './support/town';

const HOME = '春风路 8 号 2 楼 203 室';

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Words that stand somewhere on a page and must not leave it. */
const secret = (place: string): string => `sek${place}ret`;

/** What of them is on the wire all the same. */
function leaks(tap: Tap): string[] {
  const all = tap.wire.map(({ text }) => text).join('\n');
  const numbers = [...Object.values(NUMBERS), HOME].filter((number) => all.includes(number));
  // The names that a desk gives to its proposals are drawn by lot.
  const said = tap.wire.flatMap(({ text }) => strings(JSON.parse(text))).map((text) => text.replace(UUID, ''));
  const runs = said.filter((text) => /\d{6}/.test(text));
  return [...(all.match(/sek[a-z]+ret/g) ?? []), ...numbers, ...runs.map((run) => `six digits: ${run.slice(0, 120)}`)];
}

/** Milliseconds from the press that stops sharing to an empty stage at the helper's, by the one clock that both pages have. */
async function stop(page: Page, desk: Page): Promise<number> {
  const empty = desk.evaluate(
    () =>
      new Promise<number>((done) => {
        const look = setInterval(() => {
          if (document.querySelector('[data-testid="share-panel"]')?.getAttribute('data-shown') !== 'false') return;
          clearInterval(look);
          done(performance.timeOrigin + performance.now());
        }, 5);
      }),
  );
  const pressed = await page.getByTestId('share-stop').evaluate((button) => {
    const at = performance.timeOrigin + performance.now();
    (button as HTMLButtonElement).click();
    return at;
  });
  return Math.round((await empty) - pressed);
}

/** Whether a mark lies around its element, and all of it on the screen. */
async function liesOn(mark: Locator, target: Locator): Promise<boolean> {
  const [drawn, real] = [await mark.boundingBox(), await target.boundingBox()];
  if (!drawn || !real) return false;
  const gaps = [real.x - drawn.x, real.y - drawn.y, drawn.x + drawn.width - real.x - real.width, drawn.y + drawn.height - real.y - real.height];
  return gaps.every((gap) => gap > 3 && gap < 10);
}

const test = base.extend<{ town: Tap }>({
  /** A server whose citizens can log in, behind the tap. */
  town: async ({}, use) => {
    const provider = await Provider.listen();
    const tap = await Tap.open(provider.login);
    provider.serve(tap.url);
    await use(tap);
    await tap.close();
    provider.close();
  },
});

interface Talk {
  counter: Counter;
  citizen: Citizen;
  page: Page;
}

/** A citizen on the page of the chat, in a talk with a helper. */
async function talk(browser: Browser, tap: Tap, viewport: { width: number; height: number }): Promise<Talk> {
  const page = await newPage(browser, viewport);
  await page.goto(tap.url);
  const citizen = new Citizen(page);
  await citizen.connected();
  const helper = await Helper.logIn(browser, tap.url, '小王');
  return { counter: Counter.of(tap, citizen, helper, page), citizen, page };
}

async function serve({ counter: { helper }, citizen }: Talk): Promise<void> {
  await citizen.page.getByTestId('human-button').click();
  await expect(helper.queue).toHaveCount(1);
  await helper.claim();
}

for (const viewport of [{ width: 360, height: 780 }, { width: 1280, height: 800 }]) {
  const size = viewport.width < 760 ? 'phone' : 'wide';

  test(`the page of the chat is shared at ${viewport.width} px, and the talk goes on`, async ({ browser, town: tap, figures }) => {
    test.setTimeout(180_000);
    const there = await talk(browser, tap, viewport);
    const { counter, citizen, page } = there;
    const { helper } = counter;
    const desk = helper.page;

    await test.step('an earlier talk, with a rating', async () => {
      await citizen.ask('开公司要什么材料');
      await serve(there);
      await citizen.write(`以前的事${secret('past')}`);
      await expect(helper.messages('citizen').last()).toContainText('以前的事');
      await helper.close();
      await citizen.rate(5, secret('rating'));
      await citizen.page.getByTestId('new-conversation').click();
      await expect(page.getByTestId('divider')).toBeVisible();
    });
    await test.step('the talk of now, with numbers and a photo', async () => {
      await citizen.ask('怎么办理居住证');
      await serve(there);
      await citizen.write(`电话${NUMBERS.phone}，身份证${NUMBERS.identity}，住在安和市东城区${HOME}，${secret('private')}`);
      await expect(helper.messages('citizen').last()).toContainText('【手机号】');
      const photo = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
      await page.getByTestId('attach-field').setInputFiles({ name: `${secret('file')}.png`, mimeType: 'image/png', buffer: photo });
      await expect(page.getByTestId('picture').last()).toBeVisible();
      await citizen.write('照片在哪里发');
      await expect(helper.messages('citizen').last()).toContainText('照片在哪里发');
    });

    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
    await test.step('asked for, and nothing is fetched or leaves before the citizen wants it', async () => {
      await page.getByTestId('ask-box').fill(secret('draft'));
      await counter.ask('chat');
      await picture(desk, `pages-${size}-desk-asked`);
      await expect(page.getByTestId('share-link').last()).toHaveText('让工作人员看这一页');
      await picture(page, `pages-${size}-card`);
      expect(fetched.filter((path) => path.includes('assist'))).toEqual([]);
      expect(tap.wire).toEqual([]);
      await page.getByTestId('share-link').last().click();
      await expect(page.getByTestId('consent')).toContainText('让工作人员看这个对话页面？');
      expect(fetched.filter((path) => path.includes('assist')), 'the script comes once it is wanted').toContain('/assist.js');
      await page.waitForTimeout(500);
      const before = tap.wire.filter(({ kind, text }) => kind !== 'text' || !/"t":"(hello|visible)"/.test(text));
      expect(before, 'nothing leaves before consent').toEqual([]);
      await picture(page, `pages-${size}-consent`);
      await expectAccessible(page, 'consent on the page of the chat');
    });

    await test.step('seen live, without what is the citizen’s alone', async () => {
      await page.getByTestId('consent-yes').click();
      await counter.shown();
      const drawn = counter.picture();
      await expect(drawn.locator('.turn.citizen .bubble').last()).toHaveText('照片在哪里发');
      await expect(drawn.locator('.share-card'), 'scrolled as the citizen’s is').toBeInViewport();
      await expect(drawn.locator('.header h2')).toBeVisible();
      await expect(drawn.locator('textarea').first()).toHaveValue('••••••••');
      const dotted = drawn.locator('.turn.citizen .bubble', { hasText: '•' });
      await expect(dotted, 'the message with numbers').toHaveCount(1);
      await expect(page.getByTestId('share-bar')).toBeInViewport();
      await expect(page.getByTestId('send'), 'the bar takes nothing from the chat').toBeInViewport({ ratio: 1 });
      await expect.poll(() => compared(desk), { timeout: 15_000 }).toBe(true);
      await picture(page, `pages-${size}-shared`);
      await picture(desk, `pages-${size}-desk`);
      await expectAccessible(page, 'the page of the chat while it is shared');
    });

    await test.step('the talk goes on beside it', async () => {
      await helper.write('您好，我看到了，按“发文件”那个按钮。');
      await expect(citizen.messages('helper').last()).toContainText('我看到了');
      await expect(counter.picture().locator('.turn.helper .bubble').last()).toContainText('我看到了');
      await citizen.connected();
    });

    await test.step('pointed at', async () => {
      await counter.allow('point');
      await picture(page, `pages-${size}-may-point`);
      await counter.pick(counter.picture().locator('button.attach'));
      await desk.getByTestId('mark-caption').fill('按这里发照片');
      await desk.getByTestId('mark-arrow').click();
      await expect(page.getByTestId('mark-text')).toHaveText('按这里发照片');
      await expect.poll(() => liesOn(page.getByTestId('mark'), page.getByTestId('attach'))).toBe(true);
      await picture(page, `pages-${size}-arrow`);
      await expect(desk.getByTestId('fill-forbidden')).toHaveAttribute('data-why', 'submit');
      await picture(desk, `pages-${size}-desk-picked`);
    });

    await test.step('words proposed for the box, which the citizen takes over and sends', async () => {
      await counter.allow('fill');
      await counter.pick(counter.picture().locator('textarea').first());
      await desk.getByTestId('fill-value').fill('我想办居住证，材料齐了');
      await desk.getByTestId('fill-why').fill('这样写窗口一看就懂');
      await desk.getByTestId('fill-send').click();
      await expect(page.getByTestId('fill-after')).toHaveText('我想办居住证，材料齐了');
      await expect(page.getByTestId('ask-box'), 'not before the citizen agrees').toHaveValue(secret('draft'));
      await picture(page, `pages-${size}-proposal`);
      await page.getByTestId('fill-apply').click();
      await expect(page.getByTestId('ask-box')).toHaveValue('我想办居住证，材料齐了');
      await expect(desk.getByTestId('proposal')).toHaveAttribute('data-result', 'applied');
      await expect(helper.messages('citizen').last(), 'only the citizen sends').not.toContainText('材料齐了');
      await page.getByTestId('send').click();
      await expect(helper.messages('citizen').last()).toContainText('我想办居住证，材料齐了');
      await expect(counter.picture().locator('.turn.citizen .bubble').last()).toHaveText('我想办居住证，材料齐了');
    });

    await test.step('what ends it stays within reach when a source is opened', async () => {
      await page.getByTestId('citation-chip').last().click();
      await expect(citizen.sheet).toBeVisible();
      await expect(page.getByTestId('share-stop')).toBeInViewport({ ratio: 1 });
      await page.getByTestId('share-pause').click();
      await expect(page.getByTestId('share-bar')).toHaveAttribute('data-state', 'paused');
      await picture(page, `pages-${size}-sheet`);
      await page.getByTestId('share-pause').click();
      await page.getByTestId('sheet-close').click();
    });

    await test.step('it goes on after the page is loaded again, and asks nothing anew', async () => {
      await page.reload();
      await expect(page.getByTestId('share-bar')).toHaveAttribute('data-state', 'watching');
      await expect(page.getByTestId('consent')).toHaveCount(0);
      await expect(counter.picture().locator('.turn.citizen .bubble').last()).toHaveText('我想办居住证，材料齐了');
    });

    await test.step('a form does not take over what was agreed to for this page', async () => {
      const [frames, epoch] = [tap.wire.length, tap.epoch];
      await page.goto(`${tap.url}/forms/enterprise`);
      await page.waitForTimeout(700);
      await expect(page.getByTestId('share-bar')).toHaveCount(0);
      expect(tap.epoch).toBe(epoch);
      expect(tap.wire.slice(frames).filter(({ kind, text }) => kind !== 'text' || text.includes('企业设立'))).toEqual([]);
      await page.goto(tap.url);
      await expect(page.getByTestId('share-bar')).toHaveAttribute('data-state', 'watching');
      await counter.shown();
    });

    await test.step('stopped at once, and the talk goes on', async () => {
      const took = await stop(page, desk);
      figures.print('from stop to an empty stage (ms)', took);
      expect(took).toBeLessThan(500);
      await expect(page.getByTestId('share-bar')).toHaveCount(0);
      await picture(page, `pages-${size}-stopped`);
      const frames = tap.wire.length;
      await helper.write('好的，有事再找我。');
      await expect(citizen.messages('helper').last()).toContainText('有事再找我');
      await page.waitForTimeout(300);
      expect(tap.wire.length, 'nothing leaves afterwards').toBe(frames);
    });

    const bulk = tap.wire.filter(({ kind }) => kind !== 'text').map(({ text }) => text).join('\n');
    expect(bulk, 'what may be seen is there, so the rest would be, too').toContain('照片在哪里发');
    expect(leaks(tap)).toEqual([]);
    const left = (await tap.server.left()).toString('utf8');
    expect(left, 'words never sent are nowhere').not.toContain(secret('draft'));
    figures.print('frames looked through, leaks', `${tap.wire.length}, ${leaks(tap).length}`);
  });

  test(`我的咨询 is shared at ${viewport.width} px, over the login at a provider`, async ({ browser, town: tap, figures }) => {
    test.setTimeout(180_000);
    const there = await talk(browser, tap, viewport);
    const { counter, citizen } = there;
    const desk = counter.helper.page;
    await citizen.ask(`${secret('question')}的手续费是多少`);
    const before = await link(citizen);
    await before.getByTestId('logout').click();
    await shows(before, 'welcome');
    await before.close();
    // The provider forgets, too, and asks again.
    await citizen.page.context().clearCookies({ domain: 'localhost' });
    await serve(there);
    await counter.ask('me');
    const opened = citizen.page.waitForEvent('popup');
    await citizen.page.getByTestId('share-link').last().click();
    const me = await opened;
    // A window of its own, as in-app browsers make it, so that the digits of the login show.
    await openShadows(me);
    await me.addInitScript(() => Object.assign(window, { opener: null }));
    await me.locator('#open').click();
    await expect(me.getByTestId('consent')).toContainText('让工作人员看“我的咨询”这一页？');
    expect(new URL(me.url()).pathname).toBe('/me');
    expect(new URL(me.url()).hash, 'the token is not left in the address').toBe('');
    await picture(me, `pages-${size}-me-consent`);
    await me.getByTestId('consent-yes').click();
    await counter.shown();
    const drawn = counter.picture();
    await expect(drawn.getByText('用浙里办登录')).toBeVisible();

    await test.step('pointed at, and pressed by the citizen', async () => {
      await desk.getByTestId('ask-point').click();
      await expect(me.getByTestId('consent')).toHaveAttribute('data-scope', 'point');
      await me.getByTestId('consent-yes').click();
      await expect(desk.getByTestId('scope-point')).toHaveAttribute('data-allowed', 'true');
      await counter.pick(drawn.getByText('用浙里办登录'));
      await desk.getByTestId('mark-caption').fill('按这个登录');
      await desk.getByTestId('mark-box').click();
      await expect(me.getByTestId('mark-text')).toHaveText('按这个登录');
      await picture(me, `pages-${size}-me-point`);
      await picture(desk, `pages-${size}-me-desk`);
      await me.getByTestId('login').click();
      await expect(me.locator('input[name="login"]')).toBeVisible();
      const frames = tap.wire.length;
      await logInAs(me, 'zhang');
      await shows(me, 'home');
      const away = tap.wire.slice(frames).map(({ text }) => text).join('\n');
      expect(away, 'the provider’s page is nobody’s business').not.toContain('zhang');
    });

    await test.step('goes on at home, where the name and what was asked are dots', async () => {
      await expect(me.getByTestId('share-bar')).toHaveAttribute('data-state', 'watching');
      await expect(drawn.locator('h1')).toHaveText(/^•+$/);
      await expect(drawn.getByText('退出登录').first()).toBeVisible();
      await expect(me.getByTestId('talk')).toHaveCount(1);
      await picture(me, `pages-${size}-me-home`);
      await expectAccessible(me, '我的咨询 while it is shared');
      expect(leaks(tap)).toEqual([]);
      expect(tap.wire.map(({ text }) => text).join('\n')).not.toContain('张建国');
    });

    await test.step('what was asked shows for a minute where the citizen wants it', async () => {
      await expect(me.getByTestId('reveal-chip')).toContainText('您问过的内容');
      await me.getByTestId('reveal').click();
      await expect(drawn.locator('.question').first()).toContainText(secret('question'));
      await picture(me, `pages-${size}-me-revealed`);
      expect(tap.wire.map(({ text }) => text).join('\n'), 'the name is no part of it').not.toContain('张建国');
    });

    await test.step('the digits of a login stay here', async () => {
      const stranger = await newPage(browser);
      await stranger.goto(tap.url);
      await new Citizen(stranger).connected();
      const login = await stranger.evaluate(async () => {
        const headers = { authorization: `Bearer ${localStorage.getItem('yikouwen.token') ?? ''}`, 'content-type': 'application/json' };
        return ((await (await fetch('/channels/web/login', { method: 'POST', headers, body: '{}' })).json()) as { id: string }).id;
      });
      await stranger.close();
      await me.goto(`${tap.url}/login/${login}`);
      await shows(me, 'consent');
      await expect(me.getByTestId('share-bar')).toHaveAttribute('data-state', 'watching');
      await me.getByTestId('agree').click();
      await shows(me, 'code');
      const code = (await me.getByTestId('code').locator('[aria-hidden]').textContent()) ?? '';
      expect(code).toMatch(/^\d{6}$/);
      await expect(drawn.locator('h1')).toBeVisible();
      await expect.poll(() => compared(desk), { timeout: 15_000 }).toBe(true);
      await picture(me, `pages-${size}-me-code`);
      await picture(desk, `pages-${size}-me-desk-code`);
      const all = tap.wire.map(({ text }) => text).join('\n');
      expect(all).not.toContain(code);
      expect(all).not.toContain(Array.from(code).join(' '));
      expect(all, 'nor which login it is').not.toContain(login);
      expect(all).not.toContain('张建国');
    });

    await test.step('stopped at once', async () => {
      const took = await stop(me, desk);
      figures.print('from stop to an empty stage (ms)', took);
      expect(took).toBeLessThan(500);
    });
    expect(leaks(tap).filter((leak) => leak !== secret('question'))).toEqual([]);
    const left = (await tap.server.left()).toString('utf8');
    expect(left).toContain('revealed');
    figures.print('frames looked through', tap.wire.length);
  });
}

let asked = 0;
function proposal(node: number, label = ''): Frame & { id: string } {
  asked += 1;
  return { t: 'fill.propose', id: `f${asked}`, node, value: 'true', purpose: '', expect: { name: '', label } };
}
/** Refused by the server, and by the page as well when somebody gets past the server. */
async function refused(tap: Tap, table: Record<string, [attribute: string, value: string, why: string]>): Promise<void> {
  for (const [what, [attribute, value, why]] of Object.entries(table)) {
    const node = tap.nodeOf(attribute, value);
    const honest = proposal(node);
    tap.say(honest);
    await expect.poll(() => tap.guide?.why(honest.id), { message: what }).toBe(why);
    expect(tap.results(honest.id), `${what}: the page never heard of it`).toEqual([]);
    const forged = proposal(node);
    tap.forge(forged);
    await expect.poll(() => tap.results(forged.id), { message: what }).toEqual(['denied']);
  }
}

test('nothing on the page of the chat can be pressed from the other side', async ({ browser, town: tap, figures }) => {
  test.setTimeout(120_000);
  await tap.begin('chat');
  const page = await newPage(browser);
  await agree(page, tap, `${tap.url}/#${tap.fragment}`, 'point', 'fill');
  await new Citizen(page).ask('开公司要什么材料');
  await expect.poll(() => tap.wire.map(({ text }) => text).join('')).toContain('开公司要什么材料');
  const table: Parameters<typeof refused>[1] = {
    send: ['class', 'send', 'submit'],
    'call a person': ['class', 'tool human', 'submit'],
    'choose a file': ['class', 'tool attach', 'submit'],
    'the file field': ['type', 'file', 'upload'],
    'a source': ['class', 'source', 'submit'],
    'useful or not': ['class', 'quiet', 'submit'],
    'the chat itself': ['data-assist', 'show', 'no_field'],
  };
  await refused(tap, table);
  await expect(page.getByTestId('fill-card')).toHaveCount(0);
  await expect(new Citizen(page).messages('citizen')).toHaveCount(1);
  figures.print('controls of the chat denied, by server and page', Object.keys(table).length);
});

test('nothing of 我的咨询 can be pressed from the other side, and a look at what was asked ends by itself', async ({ browser, town: tap, figures }) => {
  test.setTimeout(120_000);
  const page = await newPage(browser);
  await page.goto(tap.url);
  const citizen = new Citizen(page);
  await citizen.connected();
  await citizen.ask(`${secret('question')}的手续费是多少`);
  await tap.begin('me');
  await page.goto(`${tap.url}/me`);
  await page.getByTestId('login').click();
  await logInAs(page, 'zhang');
  await shows(page, 'home');
  // A channel is linked, so that there is something to unlink.
  await page.goto(tap.url);
  await citizen.connected();
  const opened = page.waitForEvent('popup');
  await page.getByTestId('login').click();
  const popup = await opened;
  await shows(popup, 'consent');
  await popup.getByTestId('agree').click();
  await shows(popup, 'done');
  await popup.close();

  await page.clock.install();
  await agree(page, tap, `${tap.url}/me#${tap.fragment}`, 'point', 'fill');
  await shows(page, 'home');
  await page.clock.runFor(300);
  await expect.poll(() => tap.wire.map(({ text }) => text).join('')).toContain('退出登录');
  const table: Parameters<typeof refused>[1] = {
    'log out, or forget me': ['class', 'button other', 'submit'],
    'forget me': ['class', 'button quiet', 'delete'],
    'a conversation': ['class', 'talk unresolved', 'submit'],
    'the language': ['class', 'top-button', 'submit'],
  };
  await refused(tap, table);
  figures.print('controls of 我的咨询 denied, by server and page', Object.keys(table).length);

  await page.getByTestId('reveal').click();
  await page.clock.runFor(300);
  await expect.poll(() => tap.wire.map(({ text }) => text).join('')).toContain(secret('question'));
  expect(tap.fromCitizen.find(({ t }) => t === 'reveal')).toMatchObject({ ttl: 60 });
  const before = tap.wire.length;
  await page.clock.fastForward(61_000);
  await page.clock.runFor(300);
  await expect.poll(() => tap.wire.slice(before).map(({ text }) => text).join('')).toContain('••••');
  expect(tap.wire.slice(before).map(({ text }) => text).join('')).not.toContain(secret('question'));

  // The picture that stops does not stop with what was to be seen for a minute.
  const shown = tap.wire.length;
  await page.getByTestId('reveal').click();
  await page.clock.runFor(300);
  await expect.poll(() => tap.wire.slice(shown).map(({ text }) => text).join('')).toContain(secret('question'));
  const paused = tap.wire.length;
  await page.getByTestId('share-pause').click();
  await page.clock.runFor(300);
  const said = (): string[] => tap.wire.slice(paused).map(({ text }) => text);
  const at = (words: string): number => said().findIndex((text) => text.includes(words));
  await expect.poll(() => at('"t":"pause"')).toBeGreaterThan(-1);
  expect(at('••••')).toBeGreaterThan(-1);
  expect(at('••••')).toBeLessThan(at('"t":"pause"'));
  expect(said().join('')).not.toContain(secret('question'));
});

test('what was agreed to elsewhere is asked here before anything is seen', async ({ browser, town: tap }) => {
  await tap.begin('chat');
  const address = `${tap.url}/#${tap.fragment}`;
  const elsewhere = await newPage(browser);
  await agree(elsewhere, tap, address);
  await elsewhere.close();
  // Whoever has the address has the token, and could send both to somebody else.
  const page = await newPage(browser);
  await page.goto(address);
  await expect(page.getByTestId('consent')).toBeVisible();
  const before = tap.wire.length;
  await new Citizen(page).connected();
  await page.waitForTimeout(700);
  expect(tap.wire.slice(before).filter(({ kind }) => kind !== 'text')).toEqual([]);
  await page.getByTestId('consent-yes').click();
  await expect.poll(() => tap.wire.slice(before).some(({ kind }) => kind === 'snap')).toBe(true);
});

test('a link for one page opens no other', async ({ browser, town: tap }) => {
  await tap.begin('chat');
  const page = await newPage(browser);
  // Its token at the address of a form: the page says itself that it is not what was asked for.
  await page.goto(tap.formUrl);
  await expect.poll(() => tap.fromCitizen.some(({ t }) => t === 'end')).toBe(true);
  await expect(page.getByTestId('consent')).toHaveCount(0);
  expect(tap.wire.filter(({ kind }) => kind !== 'text')).toEqual([]);
});
