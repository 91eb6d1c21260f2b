import { NUMBERS, PLACES, SPECIAL, body, secret, strings } from './support/corpus';
import { agree, expect, newPage, test } from './support/shared';

test('no secret leaves the page: snapshot, mutation, input', async ({ browser, tap, figures }) => {
  const page = await newPage(browser);
  const special = (phase: string, name: string): string => secret(phase, 100 + SPECIAL.indexOf(name));
  const html = `<!doctype html><html lang="zh"><head><title>${special('a', 'document title')}</title>
    <meta name="applicant" content="${special('a', 'meta content')}"><script src="/assist.js" defer></script></head><body>
    <h1>登记表</h1><p data-assist-show id="seen">可以看的说明</p>
    <label>手机<input id="phone" type="tel" data-assist="tail4" value="${NUMBERS.phone}"></label>
    <label>身份证号<input id="identity" data-assist="tail4" value="${NUMBERS.identity}"></label>
    <label>银行卡<input id="card" data-assist="tail4" value="${NUMBERS.card}"></label>
    <p data-assist-show>热线 ${NUMBERS.phone}，<b class="u${NUMBERS.phone}" id="n${NUMBERS.identity}">号</b></p>
    <label>事项<input id="matter" data-assist="show" value="开餐馆"></label>
    <label>姓名<input id="name"></label><label>备注<textarea id="note"></textarea></label>
    <div id="edit" contenteditable></div><div id="host"></div><canvas id="canvas" width="90" height="20"></canvas><img id="blob" alt="">
    <div id="places">${body('a')}</div></body></html>`;
  tap.page('/empty', '<!doctype html><p>x</p>');
  tap.page('/referring', '<!doctype html><a href="/corpus">x</a>');
  tap.page('/corpus', html);
  await page.goto(`${tap.url}/referring?name=${special('a', 'referrer')}`);
  await page.evaluate(
    ([query, hash]) => location.assign(`/corpus?name=${query}#${hash}`),
    [special('a', 'page query'), tap.fragment],
  );
  await page.waitForURL(/corpus/);
  await page.evaluate(([shadowText, shadowInput, canvas, blob, rule, adopted]) => {
    const root = document.getElementById('host')?.attachShadow({ mode: 'open' });
    if (root) root.innerHTML = `<p>${shadowText}</p><input value="${shadowInput}">`;
    (document.getElementById('canvas') as HTMLCanvasElement).getContext('2d')?.fillText(canvas ?? '', 0, 12);
    const picture = new Blob([`<svg xmlns="http://www.w3.org/2000/svg"><text>${blob}</text></svg>`], { type: 'image/svg+xml' });
    (document.getElementById('blob') as HTMLImageElement).src = URL.createObjectURL(picture);
    const style = document.head.appendChild(document.createElement('style'));
    style.sheet?.insertRule(`.z::after{content:"${rule}"}`);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`.y::after{content:"${adopted}"}`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }, ['shadow text', 'shadow input', 'canvas', 'blob image', 'insertRule', 'adopted style sheet'].map((name) => special('a', name)));
  await page.getByTestId('consent-yes').click();
  await expect.poll(() => tap.wire.some(({ kind }) => kind === 'snap')).toBe(true);
  await page.waitForTimeout(300);

  const places = Object.keys(PLACES).length + SPECIAL.length + Object.keys(NUMBERS).length;
  const leaks = (phase: string): string[] => {
    const all = tap.wire.map(({ text }) => text).join('\n');
    const found = [...Object.keys(PLACES).map((name, at) => [name, secret(phase, at)] as const), ...SPECIAL.map((name) => [name, special(phase, name)] as const)]
      .filter(([, word]) => all.includes(word))
      .map(([name]) => name);
    for (const [name, number] of Object.entries(NUMBERS)) if (all.includes(number) || all.includes(number.slice(2, 12))) found.push(name);
    const runs = tap.wire.flatMap(({ text }) => strings(JSON.parse(text))).filter((text) => /\d{6}/.test(text));
    return [...found, ...runs.map((run) => `six digits: ${run.slice(0, 120)}`)];
  };
  const bulk = (): string => tap.wire.filter(({ kind }) => kind !== 'text').map(({ text }) => text).join('\n');

  await test.step('snapshot', () => {
    expect(bulk(), 'what may be seen is there, so the rest would be, too').toContain('可以看的说明');
    expect(bulk()).toContain('开餐馆');
    expect(bulk()).toContain('138••••8000（校验通过）');
    expect(bulk()).toContain('1••••X（18 位，校验通过）');
    expect(leaks('a')).toEqual([]);
    const checked = bulk().match(/"checked":true|"isChecked":true|"selected":true/g) ?? [];
    expect(checked, 'nor which choices are made').toEqual([]);
    figures.print('snapshot: places, leaks', `${places}, ${leaks('a').length}`);
  });

  await test.step('mutation', async () => {
    const before = tap.wire.length;
    // First every attribute, text and value in place, then everything anew.
    await page.evaluate(() => {
      const change = (text: string): string => text.replace(/seka(\d{3})ret/g, 'sekb$1ret');
      const walk = (node: Node): void => {
        if (node instanceof Text || node instanceof Comment) node.data = change(node.data);
        if (node instanceof Element) {
          for (const { name, value } of [...node.attributes]) if (value !== change(value)) node.setAttribute(name, change(value));
          if ('value' in node && typeof node.value === 'string' && node.value !== change(node.value)) node.value = change(node.value);
          if (node.shadowRoot) node.shadowRoot.childNodes.forEach(walk);
        }
        node.childNodes.forEach(walk);
      };
      walk(document.documentElement);
      document.title = change(document.title);
      history.replaceState(null, '', location.pathname + change(location.search));
      const seen = document.getElementById('seen');
      if (seen) seen.textContent = '改过的说明';
      for (const sheet of document.styleSheets) if (sheet.cssRules.length === 1) sheet.insertRule('.w::after{content:"sekb108ret"}');
    });
    await page.waitForTimeout(300);
    await page.evaluate((fresh) => {
      const places = document.getElementById('places');
      if (places) places.innerHTML = fresh;
    }, body('c'));
    await expect.poll(() => tap.wire.slice(before).some(({ text }) => text.includes('改过的说明'))).toBe(true);
    await page.waitForTimeout(300);
    expect([...leaks('b'), ...leaks('c')]).toEqual([]);
    figures.print('mutation: places, leaks', `${places}, ${leaks('b').length + leaks('c').length}`);
  });

  await test.step('input', async () => {
    const before = tap.wire.length;
    await page.locator('#name').pressSequentially(secret('d', 1));
    await page.locator('#note').pressSequentially(secret('d', 2));
    await page.locator('#edit').pressSequentially(secret('d', 3));
    await page.locator('#phone').fill('13900139001');
    await page.locator('#matter').fill('开书店');
    await page.evaluate((word) => {
      let at = 4;
      for (const field of document.querySelectorAll<HTMLInputElement>('#places input, #places textarea, #places select')) {
        if (/file|color|range/.test(field.type)) continue;
        if (/checkbox|radio/.test(field.type)) field.click();
        else if (field instanceof HTMLSelectElement) field.add(new Option(word.replace('000', String(at).padStart(3, '0')), undefined, true, true));
        else field.value = word.replace('000', String(at).padStart(3, '0'));
        field.dispatchEvent(new InputEvent('input', { bubbles: true, data: word }));
        field.dispatchEvent(new Event('change', { bubbles: true }));
        at += 1;
      }
      const paste = new DataTransfer();
      paste.setData('text/plain', word.replace('000', '099'));
      document.getElementById('name')?.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData: paste }));
    }, secret('d', 0));
    await expect.poll(() => tap.wire.slice(before).some(({ text }) => text.includes('开书店'))).toBe(true);
    await page.waitForTimeout(300);
    const all = tap.wire.map(({ text }) => text).join('\n');
    expect(all.match(/sek[a-d]\d{3}ret/g) ?? []).toEqual([]);
    expect(all).not.toContain('13900139001');
    // Letter by letter a word would pass in parts.
    for (const word of [secret('d', 1), secret('d', 2), secret('d', 3)]) {
      for (let end = 5; end < word.length; end += 1) expect(all).not.toContain(`"${word.slice(0, end)}"`);
    }
    expect(all).toContain('139••••9001');
    figures.print('input: leaks', 0);
    figures.print('frames and bytes looked through', `${tap.wire.length}, ${all.length}`);
  });

  await test.step('log and disk', async () => {
    const left = await tap.server.left();
    expect(left.includes('转人工'), 'what may be kept is found').toBe(true);
    // Not even what the helper was allowed to see is kept.
    expect(left.includes('可以看的说明')).toBe(false);
    const text = left.toString('latin1');
    expect(text.match(/sek[a-d]\d{3}ret/g) ?? []).toEqual([]);
    for (const number of [...Object.values(NUMBERS), '13900139001']) expect(text).not.toContain(number);
    figures.print('bytes of log and disk looked through', left.length);
  });
});

test('one field can be shown for a minute', async ({ browser, tap }) => {
  const page = await newPage(browser);
  await page.clock.install();
  await agree(page, tap, tap.page('/one', `<!doctype html><html lang="zh"><body><script src="/assist.js"></script><label>姓名<input id="name"></label><label>密码<input id="pw" type="password"></label>`));
  const all = (): string => tap.wire.map(({ text }) => text).join('\n');
  await page.locator('#name').fill('欧阳小明');
  await page.clock.runFor(300);
  expect(all()).not.toContain('欧阳小明');
  await page.getByTestId('reveal').click();
  await page.clock.runFor(300);
  await expect.poll(all).toContain('欧阳小明');
  expect(tap.fromCitizen.find(({ t }) => t === 'reveal')).toMatchObject({ ttl: 60, node: tap.nodeOf('id', 'name') });
  const before = tap.wire.length;
  await page.clock.fastForward(61_000);
  await page.clock.runFor(300);
  await expect.poll(() => tap.wire.slice(before).map(({ text }) => text).join('')).toContain('••••');
  await page.locator('#name').fill('司马大刚呀');
  await page.clock.runFor(300);
  await expect.poll(() => tap.wire.at(-1)?.text).toContain('•••••');
  expect(all()).not.toContain('司马大刚');
  await page.locator('#pw').focus();
  await page.clock.runFor(600);
  await expect(page.getByTestId('reveal')).toBeHidden();
});
