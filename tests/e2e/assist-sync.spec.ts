import { deflateRawSync } from 'node:zlib';

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Frame, Page } from '@playwright/test';

import type { Spoil } from './support/tap';
import { Counter, agree, compared, expect, heapOf, newPage, openShadows, picture, test } from './support/shared';

declare global {
  interface Window {
    /** Milliseconds until a helper who came saw the page. */
    shownAt: Promise<number>;
  }
}

function viewerOf(desk: Page): Frame {
  const frame = desk.frames().find((one) => one.url().endsWith('/desk/viewer.html'));
  if (!frame) throw new Error('no viewer');
  return frame;
}

/** Milliseconds from a letter in the form to the same letter in the picture, by the one clock that both pages have. */
async function delays(counter: Counter, times = 30): Promise<number[]> {
  const viewer = viewerOf(counter.helper.page);
  const measured: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const words = '一二三四五六七八九十'.slice(0, (at % 9) + 1) + '甲乙丙'.charAt(at % 3);
    const seen = viewer.evaluate(
      (wanted) =>
        new Promise<number>((done) => {
          const timer = setInterval(() => {
            const drawn = document.querySelector<HTMLIFrameElement>('.page:not(.building) iframe')?.contentDocument;
            if (drawn?.querySelector<HTMLInputElement>('input[name="trade"]')?.value !== wanted) return;
            clearInterval(timer);
            done(performance.timeOrigin + performance.now());
          }, 2);
        }),
      words,
    );
    const began = await counter.form.evaluate((value) => {
      const field = document.querySelector<HTMLInputElement>('#trade');
      if (field) field.value = value;
      field?.dispatchEvent(new InputEvent('input', { bubbles: true }));
      return performance.timeOrigin + performance.now();
    }, words);
    measured.push((await seen) - began);
  }
  return measured.sort((one, other) => one - other);
}
const p95 = (sorted: number[]): number => Math.round(sorted[Math.floor(sorted.length * 0.95)] ?? Infinity);

for (const minutes of [5, -5]) {
  test(`the picture is current with the citizen's clock ${minutes} minutes off and the helper's tab hidden`, async ({ browser, figures }) => {
    const counter = await Counter.open(browser);
    try {
      await counter.form.addInitScript((skew) => {
        const now = Date.now.bind(Date);
        Date.now = () => now() + skew;
      }, minutes * 60_000);
      // A hidden tab draws no frames.
      await counter.helper.page.context().addInitScript(() => {
        if (!location.pathname.endsWith('viewer.html')) return;
        window.requestAnimationFrame = () => 0;
        Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
      });
      await counter.share();
      const sorted = await delays(counter);
      figures.print('letter to picture, p50 and p95 (ms)', `${Math.round(sorted[sorted.length / 2] ?? 0)}, ${p95(sorted)}`);
      // About 100 ms on a machine of its own, 50 of them the batch; by its own clock the player would take minutes, or for ever.
      expect(p95(sorted)).toBeLessThan(3_000);
      const drawn = counter.picture();
      await counter.form.getByText('有限责任公司（最常见').click();
      await expect(drawn.locator('input[value], input[name="kind"]').first()).toBeChecked();
      await counter.form.locator('#industry').selectOption('科技');
      await expect(drawn.locator('select[name="industry"]')).toHaveValue('科技');
      await counter.form.evaluate(() => document.querySelector('main')?.insertAdjacentHTML('beforeend', '<p data-assist-show id="added">新的一段</p>'));
      await expect(drawn.locator('#added')).toHaveText('新的一段');
      await counter.form.evaluate(() => window.scrollTo(0, 300));
      await expect.poll(() => drawn.locator('html').evaluate((html) => html.scrollTop)).toBe(300);
    } finally {
      await counter.close();
    }
  });
}

test('over a line of 200 ms the picture comes soon, and stays close behind', async ({ browser, figures }) => {
  test.setTimeout(180_000);
  const counter = await Counter.open(browser);
  try {
    counter.tap.delay = 100;
    await counter.share();
    const sorted = await delays(counter);
    // One way from the citizen to the server, and one from there to the helper.
    figures.print('letter to picture over twice 100 ms, p50 and p95 (ms)', `${Math.round(sorted[sorted.length / 2] ?? 0)}, ${p95(sorted)}`);
    expect(p95(sorted)).toBeLessThan(3_000);
    await counter.helper.page.addInitScript(() => {
      const Real = WebSocket;
      window.WebSocket = class extends Real {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(url, protocols);
          if (!String(url).includes('/assist/helper')) return;
          const began = performance.now();
          window.shownAt = new Promise((done) => {
            const look = setInterval(() => {
              if (document.querySelector('[data-testid="share-panel"]')?.getAttribute('data-shown') !== 'true') return;
              clearInterval(look);
              done(Math.round(performance.now() - began));
            }, 5);
          });
        }
      };
    });
    // Looked at anew as often as a percentile needs.
    const paints: number[] = [];
    for (let time = 0; time < 20; time += 1) {
      // From the request for the line to the page that is drawn, by the clock of the helper's page.
      await counter.helper.page.reload();
      await expect(counter.helper.page.getByTestId('share-panel')).toHaveAttribute('data-shown', 'true');
      paints.push(await counter.helper.page.evaluate(() => window.shownAt));
    }
    paints.sort((one, other) => one - other);
    figures.print('first picture of a helper who comes, p50, p95 and worst of 20 (ms)', `${paints[10]}, ${p95(paints)}, ${paints.at(-1)}`);
  } finally {
    await counter.close();
  }
});

test('as many changes as two hours bring leave the viewer small', async ({ browser, figures }) => {
  test.setTimeout(240_000);
  const counter = await Counter.open(browser);
  try {
    await counter.share();
    const heap = await heapOf(counter.helper.page);
    const before = await heap();
    const start = counter.tap.wire.length;
    const changes = 7_200;
    // A change a second for two hours, a hundred times as fast: letters, and parts of the page that come and go.
    await counter.form.evaluate(async (all) => {
      const field = document.querySelector<HTMLInputElement>('#trade');
      const main = document.querySelector('main');
      for (let at = 0; at < all; at += 1) {
        if (at % 4 === 0) {
          main?.querySelector('.added')?.remove();
          main?.insertAdjacentHTML('beforeend', `<p data-assist-show class="added">第${at}段<b>新的内容</b></p>`);
        } else if (field) {
          field.value = '一二三四五六七八九十'.slice(0, (at % 9) + 1);
          field.dispatchEvent(new InputEvent('input', { bubbles: true }));
        }
        if (at % 2 === 0) await new Promise((done) => setTimeout(done, 10));
      }
    }, changes);
    await expect(counter.picture().locator('.added')).toContainText(`第${changes - 4}段`, { timeout: 30_000 });
    const after = await heap();
    const bytes = counter.tap.wire.slice(start).reduce((sum, frame) => sum + frame.bytes, 0);
    figures.print('heap of the helper’s page before and after (MB)', `${before.toFixed(1)}, ${after.toFixed(1)}`);
    figures.print('bytes, and bytes per second of two hours', `${bytes}, ${Math.round(bytes / 7_200)}`);
    expect(after).toBeLessThan(150);
    expect(bytes / 7_200).toBeLessThan(5 * 1024);
  } finally {
    await counter.close();
  }
});

test('a frame that is lost, doubled or overtaken is repaired', async ({ browser, figures }) => {
  test.setTimeout(120_000);
  const counter = await Counter.open(browser);
  try {
    await counter.share();
    const drawn = counter.picture();
    let number = 0;
    const add = async (): Promise<void> => {
      number += 1;
      await counter.form.evaluate((at) => document.querySelector('main')?.insertAdjacentHTML('beforeend', `<p data-assist-show class="added">第${at}段</p>`), number);
      await counter.form.waitForTimeout(90);
    };
    for (const spoil of ['drop', 'double', 'swap', 'silent'] as Spoil[]) {
      counter.tap.spoil = [spoil];
      const began = Date.now();
      await add();
      if (spoil === 'swap') await add();
      await expect(drawn.locator('.added'), spoil).toHaveCount(number, { timeout: 9_000 });
      const took = Date.now() - began;
      await counter.form.waitForTimeout(300);
      expect(await drawn.locator('.added').allTextContents(), spoil).toEqual(Array.from({ length: number }, (_, at) => `第${at + 1}段`));
      figures.print(`${spoil}: repaired after (ms)`, took);
      expect(took, spoil).toBeLessThan(6_500);
    }
    await test.step('the citizen’s line is cut, and comes back', async () => {
      counter.tap.cut();
      const began = Date.now();
      await add();
      await expect(drawn.locator('.added')).toHaveCount(number, { timeout: 9_000 });
      figures.print('cut: repaired after (ms)', Date.now() - began);
    });
  } finally {
    await counter.close();
  }
});

test('a colleague who comes late sees the same form, and can only look', async ({ browser, figures }) => {
  const counter = await Counter.open(browser);
  try {
    await counter.share();
    await counter.form.locator('#trade').fill('禾苗');
    await counter.form.locator('#industry').selectOption('食品');
    await expect(counter.picture().locator('select[name="industry"]')).toHaveValue('食品');
    const { hash } = new URL(counter.helper.page.url());
    const { Helper } = await import('./support/helper');
    const colleague = await Helper.logIn(browser, counter.tap.url, '小李');
    await colleague.page.goto(`${counter.tap.url}/desk/${hash}`);
    await counter.shown(colleague.page);
    expect(await Promise.all([compared(counter.helper.page), compared(colleague.page)]), 'every element has the citizen’s number').toEqual([true, true]);
    const digest = counter.tap.fromCitizen.findLast(({ t }) => t === 'digest');
    figures.print('elements with the same numbers on three sides', String(digest?.['nodes']));
    await expect(counter.picture(colleague.page).locator('input[name="trade"]')).toHaveValue('禾苗');
    await expect(counter.picture(colleague.page).locator('select[name="industry"]')).toHaveValue('食品');
    await expect(colleague.page.getByTestId('ask-point')).toHaveCount(0);
    await expect(colleague.page.getByTestId('share-end')).toHaveCount(0);
    await picture(colleague.page, 'desk-watcher');
    await colleague.page.close();
    await expect(counter.form.getByTestId('share-bar')).toHaveAttribute('data-state', 'watching');
    await counter.form.locator('#trade').fill('谷雨');
    await expect(counter.picture().locator('input[name="trade"]')).toHaveValue('谷雨');
  } finally {
    await counter.close();
  }
});

test('a hostile page runs nothing and fetches nothing at the helper’s', async ({ browser, figures }) => {
  const counter = await Counter.open(browser);
  const { page } = counter.helper;
  const foreign: string[] = [];
  const evil = createServer();
  try {
    evil.on('request', ({ url }, answer) => {
      foreign.push(url ?? '');
      answer.end();
    });
    evil.listen(0, '127.0.0.1');
    await once(evil, 'listening');
    const place = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
    await counter.share();
    const before = await page.evaluate(() => [location.href, document.title]);
    let id = 1;
    const element = (tagName: string, attributes: object, ...childNodes: object[]): object => ({ type: 2, id: ++id, tagName, attributes, childNodes });
    const text = (textContent: string): object => ({ type: 3, id: ++id, textContent });
    const ran = "top.__ran = (top.__ran || 0) + 1; parent.__ran = 1";
    const head = element('head', {},
      element('script', { src: `${place}/a.js` }, text(ran)),
      element('meta', { 'http-equiv': 'refresh', content: `0;url=${place}/refresh` }),
      element('link', { rel: 'stylesheet', href: `${place}/a.css` }),
      element('base', { href: `${place}/` }),
      element('style', { _cssText: `@import "${place}/b.css"; body{background:url(${place}/bg.png)} @font-face{font-family:x;src:url(${place}/f.woff)} body{font-family:x}` }));
    const body = element('body', { onload: ran },
      element('img', { src: `${place}/track.png`, onerror: ran }),
      element('img', { src: 'x', onerror: ran }),
      element('iframe', { srcdoc: `<script>${ran}</script>` }),
      element('iframe', { src: `javascript:${ran}` }),
      element('iframe', { src: `${place}/frame` }),
      element('a', { href: `javascript:${ran}`, id: 'trap' }, text('点我')),
      element('form', { action: `${place}/form` }, element('input', { autofocus: true, onfocus: ran, name: 'trap' })),
      element('svg', { onload: ran }, element('use', { href: `${place}/s.svg#x` })),
      element('object', { data: `${place}/o` }), element('embed', { src: `${place}/e` }),
      element('video', { src: `${place}/v.mp4`, autoplay: true, poster: `${place}/p.png` }),
      element('h1', {}, text('假页面')));
    const node = { type: 0, id: 1, childNodes: [element('html', {}, head, body)] };
    const events = [
      { type: 4, data: { href: `${place}/`, width: 800, height: 600 }, timestamp: 1 },
      { type: 2, data: { node, initialOffset: { left: 0, top: 0 } }, timestamp: 2 },
    ];
    counter.tap.bulkToViewers(1, deflateRawSync(JSON.stringify(events)));
    await expect(counter.picture().locator('h1')).toHaveText('假页面');
    const trap = await counter.picture().locator('#trap').boundingBox();
    if (trap) await page.mouse.click(trap.x + 5, trap.y + 5);
    await page.waitForTimeout(1_500);
    const viewer = page.frames().find((one) => one.url().endsWith('/desk/viewer.html'));
    const scripts = [await page.evaluate('window.__ran'), await viewer?.evaluate('window.__ran')];
    expect(scripts, 'no script ran').toEqual([undefined, undefined]);
    expect(foreign, 'nothing foreign was fetched').toEqual([]);
    expect(await page.evaluate(() => [location.href, document.title])).toEqual(before);
    figures.print('scripts run, foreign requests', '0, 0');

    await test.step('a bomb is not unpacked, and the picture comes back', async () => {
      counter.tap.bulkToViewers(2, deflateRawSync(Buffer.alloc(60 * 1024 * 1024, 0x20)));
      await expect(counter.picture().locator('h1')).toHaveText('企业设立登记', { timeout: 9_000 });
    });
  } finally {
    evil.close();
    await counter.close();
  }
});

test('sharing is light: bytes per second and long tasks', async ({ browser, tap, figures }) => {
  test.setTimeout(120_000);
  const open = async (): Promise<Page> => {
    const page = await newPage(browser);
    await page.addInitScript(() => {
      const tasks: number[] = [];
      Object.assign(window, { tasks });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(Math.round(duration));
      }).observe({ type: 'longtask' });
    });
    return page;
  };
  /** A minute's work in a few seconds; the longest tasks that it took, in ms. */
  const work = async (page: Page): Promise<number[]> => {
    await page.waitForTimeout(1_000);
    await page.evaluate('window.tasks.length = 0');
    for (let round = 0; round < 4; round += 1) {
      await page.locator('#trade').pressSequentially('hemiaocanyin', { delay: 80 });
      await page.mouse.move(200 + round * 50, 300, { steps: 30 });
      await page.locator('#trade').fill('');
      await page.locator('#industry').selectOption({ index: (round % 5) + 1 });
      await page.mouse.wheel(0, round % 2 === 0 ? 300 : -300);
      await page.waitForTimeout(500);
    }
    return ((await page.evaluate('window.tasks')) as number[]).sort((one, other) => other - one);
  };
  const alone = await open();
  await alone.goto(`${tap.url}/forms/enterprise`);
  const without = await work(alone);
  await alone.close();
  const page = await open();
  await agree(page, tap, tap.formUrl);
  const first = tap.wire.filter(({ kind }) => kind === 'snap').reduce((sum, { bytes }) => sum + bytes, 0);
  const start = tap.wire.length;
  const began = Date.now();
  const tasks = await work(page);
  const seconds = (Date.now() - began) / 1000;
  const bytes = tap.wire.slice(start).reduce((sum, frame) => sum + frame.bytes, 0);
  figures.print('first picture (bytes on the wire)', first);
  figures.print('busy page (bytes per second)', Math.round(bytes / seconds));
  figures.print('tasks above 50 ms, shared and alone', `${JSON.stringify(tasks)}, ${JSON.stringify(without)}`);
  expect(first).toBeLessThan(60 * 1024);
  expect(bytes / seconds).toBeLessThan(5 * 1024);
  // A machine with others at work lends long tasks to every page, so the page alone is the measure.
  expect(tasks[0] ?? 0).toBeLessThan(200 + (without[0] ?? 0));
});

/** Holds the page for so many milliseconds, twice, without a change that would have to be recorded. */
async function busy(page: Page, milliseconds: number): Promise<void> {
  for (let time = 0; time < 2; time += 1) {
    await page.evaluate((most) => new Promise<void>((done) => {
      setTimeout(() => {
        const until = performance.now() + most;
        while (performance.now() < until);
        done();
      }, 10);
    }), milliseconds);
    await page.waitForTimeout(200);
  }
}

test('a page that sharing makes slow stops being shared, and one that is slow of itself does not', async ({ browser, tap, figures }) => {
  const page = await newPage(browser);
  await agree(page, tap, tap.formUrl);
  await page.waitForTimeout(1_200);
  await busy(page, 400);
  await expect(page.getByTestId('share-bar')).toHaveAttribute('data-state', 'watching');
  expect(tap.fromCitizen.filter(({ t }) => t === 'end')).toEqual([]);

  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const took = await page.evaluate(async () => {
    const table = document.body.appendChild(document.createElement('table'));
    const rows = Array.from({ length: 1_200 }, (_, row) => {
      const tr = document.createElement('tr');
      for (let cell = 0; cell < 4; cell += 1) tr.insertCell().textContent = `${row % 10}`;
      return tr;
    });
    const all: number[] = [];
    for (let time = 0; time < 2; time += 1) {
      table.replaceChildren();
      table.append(...rows);
      const from = performance.now();
      await Promise.resolve();
      all.push(Math.round(performance.now() - from));
      await new Promise((done) => setTimeout(done, 300));
    }
    return all;
  });
  figures.print('recorder at 4,800 cells on a processor four times slower (ms)', took.join(', '));
  await expect(page.getByTestId('share-notice')).toContainText('页面变慢了');
  expect(tap.fromCitizen.find(({ t }) => t === 'end')).toMatchObject({ reason: 'slow' });
  const health = tap.fromCitizen.filter(({ t }) => t === 'health').at(-1);
  expect(health?.['long_tasks']).toBeGreaterThanOrEqual(2);
});

test('a slow line gets one picture in place of many changes', async ({ browser, tap, figures }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await openShadows(page);
  // What waits in the browser can't be made to wait on one machine, so the browser is told that it does.
  await page.addInitScript(() => {
    Object.assign(window, { waiting: 0 });
    Object.defineProperty(WebSocket.prototype, 'bufferedAmount', { get: () => (window as unknown as { waiting: number }).waiting });
  });
  await agree(page, tap, tap.formUrl);
  await page.waitForTimeout(300);
  const before = tap.wire.length;
  await page.evaluate('window.waiting = 300 * 1024');
  for (let at = 0; at < 30; at += 1) await page.locator('#trade').fill(`名字${'一二三四五'.charAt(at % 5)}`);
  await page.waitForTimeout(300);
  expect(tap.wire.slice(before).filter(({ kind }) => kind !== 'text')).toEqual([]);
  await page.evaluate('window.waiting = 0');
  await expect.poll(() => tap.wire.slice(before).filter(({ kind }) => kind !== 'text')[0]?.kind).toBe('snap');
  expect(tap.wire.slice(before).find(({ kind }) => kind === 'snap')?.text).toContain('名字五');
  figures.print('changes given up for one picture', 30);
});
