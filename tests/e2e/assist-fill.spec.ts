import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Page } from '@playwright/test';

import type { Frame, Tap } from './support/tap';
import { agree, expect, newPage, test } from './support/shared';

const vue = readFileSync(resolve(import.meta.dirname, '../../web/node_modules/vue/dist/vue.global.prod.js'), 'utf8');
const umd = (name: string): string => readFileSync(resolve(import.meta.dirname, `node_modules/${name}/umd/${name}.production.min.js`), 'utf8');

const HTML = `<!doctype html><html lang="zh"><body data-assist="show">
<script src="/assist.js" defer></script>
<form id="f"><label>名称<input id="plain" name="plain"></label>
<label>范围<textarea id="area" name="area"></textarea></label>
<label>地区<select id="select" name="select"><option value="">请选择</option><option value="e">东城区</option><option value="w">西城区</option></select></label>
<fieldset><legend>来源</legend><label><input type="radio" name="radio" id="radio1" value="1">自有</label><label><input type="radio" name="radio" id="radio2" value="2">租赁</label></fieldset>
<label><input type="checkbox" id="check" name="check">周末营业</label>
<label>日期<input type="date" id="date" name="date"></label>
<label>手机<input type="tel" id="tel" name="tel" data-assist="tail4"></label>
<label>密码<input type="password" id="password" name="password"></label>
<label>短信验证码<input id="code" name="code"></label>
<label>材料<input type="file" id="file" name="file"></label>
<label><input type="checkbox" id="declare" name="declare">本人承诺内容真实</label>
<label>付款账号<input id="pay" name="pay"></label>
<label>原值<input id="locked" name="locked" readonly></label>
<input type="hidden" id="hidden" name="hidden" value="1">
<div data-assist="block"><label>照片说明<input id="blocked" name="blocked"></label></div>
<button id="submit" name="submit">提交申请</button><button type="button" id="delete" name="delete">删除</button></form>
<div id="vue"></div><div id="react"></div>
<script>${vue}</script><script>${umd('react')}</script><script>${umd('react-dom')}</script>
<script>
  document.getElementById('f').addEventListener('submit', (e) => { e.preventDefault(); window.submitted = true; });
  window.model = Vue.reactive({ now: '', lazy: '', pick: 'a', tick: false });
  Vue.createApp({ setup: () => ({ m: window.model }), template: \`
    <label>即时<input id="vnow" name="vnow" v-model="m.now"></label><label>稍后<input id="vlazy" name="vlazy" v-model.lazy="m.lazy"></label>
    <label>挑选<select id="vpick" name="vpick" v-model="m.pick"><option value="a">甲</option><option value="b">乙</option></select></label>
    <label><input type="checkbox" id="vtick" name="vtick" v-model="m.tick">要</label>\` }).mount('#vue');
  window.react = {};
  const e = React.createElement;
  function Form() {
    const [text, setText] = React.useState(''); const [long, setLong] = React.useState(''); const [one, setOne] = React.useState('a');
    window.react = { text, long, one };
    return e('div', null,
      e('label', null, '反应', e('input', { id: 'rtext', name: 'rtext', value: text, onChange: (x) => setText(x.target.value) })),
      e('label', null, '长文', e('textarea', { id: 'rlong', name: 'rlong', value: long, onChange: (x) => setLong(x.target.value) })),
      e('label', null, '选择', e('select', { id: 'rone', name: 'rone', value: one, onChange: (x) => setOne(x.target.value) }, e('option', { value: 'a' }, '甲'), e('option', { value: 'b' }, '乙'))));
  }
  ReactDOM.createRoot(document.getElementById('react')).render(e(Form));
</script></body></html>`;

let proposals = 0;
function proposal(tap: Tap, field: string, value: string, label: string, more: object = {}): Frame & { id: string } {
  proposals += 1;
  const expected = { name: field, label };
  return { t: 'fill.propose', id: `f${proposals}`, node: tap.nodeOf('id', field), value, purpose: '试一试', expect: expected, ...more };
}
function propose(tap: Tap, ...what: [field: string, value: string, label: string, more?: object]): string {
  const frame = proposal(tap, ...what);
  tap.say(frame);
  return frame.id;
}
async function begin(page: Page, tap: Tap): Promise<void> {
  await agree(page, tap, tap.page('/fill', HTML), 'fill');
  await expect(page.locator('#rtext')).toBeVisible();
}

test('a proposal fills plain, Vue and React fields, and can be undone', async ({ browser, tap, figures }) => {
  const page = await newPage(browser);
  await begin(page, tap);
  const table: [string, string, string, () => Promise<unknown>, unknown][] = [
    ['plain', '禾苗', '名称', () => page.locator('#plain').inputValue(), '禾苗'],
    ['area', '餐饮\n食品', '范围', () => page.locator('#area').inputValue(), '餐饮\n食品'],
    ['select', '西城区', '地区', () => page.locator('#select').inputValue(), 'w'],
    ['radio2', 'true', '来源 租赁', () => page.locator('#radio2').isChecked(), true],
    ['check', 'true', '周末营业', () => page.locator('#check').isChecked(), true],
    ['date', '2026-12-01', '日期', () => page.locator('#date').inputValue(), '2026-12-01'],
    ['tel', '13800138000', '手机', () => page.locator('#tel').inputValue(), '13800138000'],
    ['vnow', '甲', '即时', () => page.evaluate('model.now'), '甲'],
    ['vlazy', '乙', '稍后', () => page.evaluate('model.lazy'), '乙'],
    ['vpick', 'b', '挑选', () => page.evaluate('model.pick'), 'b'],
    ['vtick', 'true', '要', () => page.evaluate('model.tick'), true],
    ['rtext', '丙', '反应', () => page.evaluate('react.text'), '丙'],
    ['rlong', '丁', '长文', () => page.evaluate('react.long'), '丁'],
    ['rone', 'b', '选择', () => page.evaluate('react.one'), 'b'],
  ];
  for (const [field, value, label, read, wanted] of table) {
    const before = await read();
    const name = field.startsWith('radio') ? { expect: { name: 'radio', label } } : {};
    const id = propose(tap, field, value, label, name);
    await expect(page.getByTestId('fill-label'), field).toHaveText(label);
    expect(await read(), `${field} before the citizen agrees`).toEqual(before);
    await page.getByTestId('fill-apply').click();
    await expect.poll(read, { message: field }).toEqual(wanted);
    await page.getByTestId('fill-undo').click();
    await expect.poll(read, { message: `${field} undone` }).toEqual(before);
    await expect.poll(() => tap.results(id)).toEqual(['applied', 'undone']);
  }
  figures.print('kinds of fields filled and undone', table.length);
});

test('what may never be touched is refused by the server, and by the page itself', async ({ browser, tap, figures }) => {
  test.setTimeout(120_000);
  const page = await newPage(browser);
  await begin(page, tap);
  const targets: [string, string, string][] = [
    ['password', '密码', 'password'], ['code', '短信验证码', 'code'], ['file', '材料', 'upload'], ['declare', '本人承诺内容真实', 'declaration'],
    ['pay', '付款账号', 'pay'], ['locked', '原值', 'locked'], ['hidden', '', 'hidden'], ['submit', '', 'submit'], ['delete', '', 'delete'],
  ];
  for (const [field, label, why] of targets) {
    const asked = propose(tap, field, 'true', label);
    await expect.poll(() => tap.guide?.why(asked), { message: field }).toBe(why);
    expect(tap.results(asked), 'the page never heard of it').toEqual([]);
    const forged = proposal(tap, field, 'true', label);
    tap.forge(forged);
    await expect.poll(() => tap.results(forged.id), { message: field }).toEqual(['denied']);
  }
  await expect(page.getByTestId('fill-card')).toHaveCount(0);
  expect(await page.evaluate('[window.submitted, document.getElementById("declare").checked]')).toEqual([undefined, false]);
  expect(() => tap.nodeOf('id', 'blocked'), 'what is blocked was never sent').toThrow();
  figures.print('forbidden targets denied, by server and page', targets.length);
});

test('a field that has changed since is not filled', async ({ browser, tap }) => {
  const page = await newPage(browser);
  await begin(page, tap);
  await test.step('another name or label', async () => {
    const id = propose(tap, 'plain', 'x', '名字');
    await expect.poll(() => tap.results(id)).toEqual(['stale']);
  });
  await test.step('renamed under the card', async () => {
    const id = propose(tap, 'plain', 'x', '名称');
    await expect(page.getByTestId('fill-card')).toBeVisible();
    await page.evaluate(() => document.getElementById('plain')?.setAttribute('name', 'other'));
    await page.getByTestId('fill-apply').click();
    await expect.poll(() => tap.results(id)).toEqual(['stale']);
    await page.evaluate(() => document.getElementById('plain')?.setAttribute('name', 'plain'));
  });
  await test.step('turned into a password under the card', async () => {
    const id = propose(tap, 'area', 'x', '范围');
    await expect(page.getByTestId('fill-card')).toBeVisible();
    await page.evaluate(() => document.getElementById('area')?.setAttribute('autocomplete', 'current-password'));
    await page.getByTestId('fill-apply').click();
    await expect.poll(() => tap.results(id)).toEqual(['denied']);
  });
  await test.step('written into by the citizen meanwhile', async () => {
    const id = propose(tap, 'plain', 'x', '名称');
    await expect(page.getByTestId('fill-card')).toBeVisible();
    await page.locator('#plain').fill('自己写的');
    await page.getByTestId('fill-apply').click();
    await expect.poll(() => tap.results(id)).toEqual(['stale']);
    await expect(page.locator('#plain')).toHaveValue('自己写的');
  });
  await test.step('removed', async () => {
    const node = tap.nodeOf('id', 'date');
    await page.evaluate(() => document.getElementById('date')?.remove());
    const gone = { t: 'fill.propose', node, value: '2026-12-01', purpose: '', expect: { name: 'date', label: '日期' } };
    tap.say({ ...gone, id: 'gone' });
    await expect.poll(() => tap.guide?.why('gone')).toBe('node');
    tap.forge({ ...gone, id: 'forged' });
    await expect.poll(() => tap.results('forged')).toEqual(['stale']);
  });
  await test.step('refused', async () => {
    const id = propose(tap, 'vnow', 'x', '即时');
    await page.getByTestId('fill-reject').click();
    await expect.poll(() => tap.results(id)).toEqual(['rejected']);
  });
  await test.step('all harmless ones at once, and no number among them', async () => {
    const first = propose(tap, 'vnow', '一', '即时');
    await page.getByTestId('fill-all').click();
    await expect.poll(() => tap.results(first)).toEqual(['applied']);
    const second = propose(tap, 'vlazy', '二', '稍后');
    await expect.poll(() => tap.results(second)).toEqual(['applied']);
    const phone = propose(tap, 'tel', '13800138000', '手机');
    await expect(page.getByTestId('fill-card')).toBeVisible();
    await expect(page.getByTestId('fill-all')).toHaveCount(0);
    await page.getByTestId('take-back-fill').click();
    await expect.poll(() => tap.results(phone)).toEqual(['rejected']);
    await expect.poll(() => tap.perm.fill).toBe(false);
    const late = propose(tap, 'vnow', '三', '即时');
    await expect.poll(() => tap.guide?.why(late)).toBe('consent');
    const forged = proposal(tap, 'vnow', '三', '即时');
    tap.forge(forged);
    await expect.poll(() => tap.results(forged.id)).toEqual(['denied']);
  });
});

test('a proposal that nobody answers goes away', async ({ browser, tap }) => {
  const page = await newPage(browser);
  await page.clock.install();
  await agree(page, tap, tap.page('/fill', HTML), 'fill');
  const id = propose(tap, 'plain', '禾苗', '名称');
  await expect(page.getByTestId('fill-card')).toBeVisible();
  await page.clock.runFor(61_000);
  await expect(page.getByTestId('fill-card')).toHaveCount(0);
  await expect.poll(() => tap.results(id)).toEqual(['expired']);
});
