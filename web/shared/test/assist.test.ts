import { afterEach, describe, expect, it } from 'vitest';

import { INC, packBulk, SNAP, unpackBulk } from '../src/assist/codec';
import { dotDigits, dots } from '../src/assist/digits';
import { labelOf } from '../src/assist/label';
import { skeleton } from '../src/assist/skeleton';
import { forbidden } from '../src/assist/touch';

afterEach(() => {
  document.body.innerHTML = '';
});
const put = (html: string): Element => {
  document.body.innerHTML = html;
  const found = document.querySelector('[data-x]') ?? document.body.firstElementChild;
  if (!found) throw new Error('nothing was put');
  return found;
};

describe('bulk frames', () => {
  it('come back as they were', () => {
    const body = Uint8Array.of(1, 2, 3);
    const frame = packBulk({ kind: SNAP, epoch: 70_000, seq: 4_000_000_000, body });
    expect(unpackBulk(frame.buffer)).toEqual({ kind: SNAP, epoch: 70_000, seq: 4_000_000_000, body });
  });
  it('are refused when cut or of another kind', () => {
    expect(unpackBulk(new ArrayBuffer(8))).toBeUndefined();
    const frame = packBulk({ kind: INC, epoch: 1, seq: 1, body: new Uint8Array() });
    frame[0] = 3;
    expect(unpackBulk(frame.buffer)).toBeUndefined();
  });
});

describe('digits', () => {
  it.each([
    ['电话 13800138000 转 8', '电话 •••••••• 转 8'],
    ['11010519491231002X', '••••••••'],
    ['6222 0210 0111 6245', '••••••••'],
    ['１３８００１３８０００', '••••••••'],
    ['2026 年 11 月', '2026 年 11 月'],
    ['邮编 10001', '邮编 10001'],
  ])('%s', (text, shown) => expect(dotDigits(text)).toBe(shown));
  it('tells no length beyond eight', () => {
    expect(dots('张三')).toBe('••');
    expect(dots('一二三四五六七八九十')).toBe('••••••••');
  });
});

describe('what a field is called', () => {
  it.each([
    ['<label for="a">企业 <b>名称</b></label><input id="a" data-x>', '企业 名称'],
    ['<label>电话<input data-x value="13800138000"></label>', '电话'],
    ['<fieldset><legend>类型</legend><label><input type="radio" data-x>有限公司</label></fieldset>', '类型 有限公司'],
    ['<label>号 110105194912310021<input data-x></label>', '号 ••••••••'],
    ['<input data-x aria-label="王五">', ''],
  ])('%s', (html, label) => expect(labelOf(put(html))).toBe(label));
});

describe('what may never be touched', () => {
  it.each([
    ['<input type="password">', 'password'],
    ['<input type="text" data-rr-is-password>', 'password'],
    ['<input type="text" name="login_pwd" autocomplete="current-password">', 'password'],
    ['<label>短信验证码<input data-x></label>', 'code'],
    ['<input autocomplete="one-time-code">', 'code'],
    ['<input type="file">', 'upload'],
    ['<input type="hidden">', 'hidden'],
    ['<input type="submit">', 'submit'],
    ['<button>提交申请</button>', 'submit'],
    ['<button>去支付</button>', 'pay'],
    ['<button>删除这位股东</button>', 'delete'],
    ['<label><input type="checkbox" data-x>本人承诺以上内容真实</label>', 'declaration'],
    ['<div data-assist-declaration><label><input type="checkbox" data-x>好</label></div>', 'declaration'],
    ['<div data-assist="block"><input data-x></div>', 'blocked'],
    ['<input disabled>', 'locked'],
    ['<input readonly>', 'locked'],
    ['<input type="color">', 'no_field'],
    ['<div contenteditable></div>', 'no_field'],
    ['<label>付款账号<input data-x></label>', 'pay'],
  ])('%s is %s', (html, why) => expect(forbidden(put(html))).toBe(why));
  it.each([
    '<label>企业名称<input data-x></label>',
    '<select></select>',
    '<textarea></textarea>',
    '<label><input type="checkbox" data-x>周末也营业</label>',
    '<input type="date">',
  ])('%s may be proposed', (html) => expect(forbidden(put(html))).toBeUndefined());
  it('is found through the shadow root that a chat is drawn in', () => {
    const host = put('<div data-assist="block"></div>');
    const root = host.attachShadow({ mode: 'open' });
    root.innerHTML = '<label for="ask">您的问题</label><textarea id="ask"></textarea><label><input type="radio">满意</label>';
    const [box, radio] = [root.querySelector('textarea'), root.querySelector('input')];
    if (!box || !radio) throw new Error('nothing was put');
    expect(forbidden(box)).toBe('blocked');
    host.setAttribute('data-assist', 'show');
    expect([forbidden(box), labelOf(box)]).toEqual([undefined, '您的问题']);
    expect(forbidden(radio)).toBeUndefined();
    host.setAttribute('data-assist-declaration', '');
    expect(forbidden(radio)).toBe('declaration');
  });
});

describe('the skeleton', () => {
  const ids = new Map<Node, number>();
  const getId = (node: Node): number => ids.get(node) ?? -1;
  const number = (): void => {
    ids.clear();
    let next = 1;
    for (const element of document.querySelectorAll('*')) ids.set(element, next++);
  };
  it('changes with structure, and not with words', () => {
    put('<p>a</p><p>b</p>');
    number();
    const before = skeleton(document, { getId });
    for (const one of document.querySelectorAll('p')) one.textContent = 'c';
    expect(skeleton(document, { getId })).toEqual(before);
    document.body.prepend(document.querySelector('p:last-child') ?? '');
    expect(skeleton(document, { getId }).nodes).toBe(before.nodes);
    expect(skeleton(document, { getId }).hash).not.toBe(before.hash);
  });
});
