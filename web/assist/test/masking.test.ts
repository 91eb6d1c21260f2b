import { afterEach, describe, expect, it } from 'vitest';

import { attributeKind, cleanCss, cleanDrawing, ownAddress, pageAddress } from '../src/allow';
import { classOf, shownText, shownValue, tailed } from '../src/fields';
import { checkCard, checkId, checkPhone } from '../src/validity';

afterEach(() => {
  document.body.innerHTML = '';
});
function put(html: string): HTMLElement {
  document.body.innerHTML = html;
  const found = document.querySelector<HTMLElement>('[data-x]');
  if (!found) throw new Error('nothing was put');
  return found;
}

describe('numbers', () => {
  it.each([
    ['11010519491231002X', 'ok'],
    ['11010519491231002x', 'ok'],
    ['110105194912310021', 'check'],
    ['11010519491331002X', 'date'],
    ['1101051949123100', 'short'],
    ['11010519491231002X1', 'letters'],
    ['1101051949123100212', 'long'],
  ])('an identity card %s is %s', (text, verdict) => expect(checkId(text)).toBe(verdict));
  it.each([
    ['138 0013 8000', 'ok'],
    ['+8613800138000', 'ok'],
    ['12800138000', 'check'],
    ['1380013800', 'short'],
  ])('a phone %s is %s', (text, verdict) => expect(checkPhone(text)).toBe(verdict));
  it.each([
    ['6222 0210 0111 6245', 'check'],
    ['4111 1111 1111 1111', 'ok'],
    ['411111111111111', 'short'],
  ])('a card %s is %s', (text, verdict) => expect(checkCard(text)).toBe(verdict));
  it('show their ends only, and never six digits in a row', () => {
    expect(tailed('phone', '13800138000')).toBe('138••••8000（校验通过）');
    expect(tailed('id', '11010519491231002X')).toBe('1••••X（18 位，校验通过）');
    expect(tailed('card', '4111111111111111')).toBe('••••1111（校验通过）');
    expect(tailed('phone', '1380013')).toBe('••••（位数不够）');
  });
});

describe('what may be seen', () => {
  it.each([
    ['<p data-x></p>', 'mask'],
    ['<div data-assist="show"><p data-x></p></div>', 'show'],
    ['<div data-assist="show"><p data-assist="mask"><b data-x></b></p></div>', 'mask'],
    ['<div data-assist="shwo"><p data-x></p></div>', 'mask'],
    ['<div data-assist-block><p data-x></p></div>', 'block'],
  ])('%s is %s', (html, kind) => expect(classOf(put(html))).toBe(kind));
  it.each([
    ['<label data-x></label>', '张三', '张三'],
    ['<p data-x></p>', '张三', '••'],
    ['<label><output data-x></output></label>', '张三', '••'],
    ['<h2 data-assist="mask" data-x></h2>', '张三', '••'],
    ['<button data-x></button>', '拨打 13800138000', '拨打 ••••••••'],
    ['<div data-assist="show"><textarea data-x></textarea></div>', '张三', '••'],
  ])('a text in %s: %s', (html, text, shown) => expect(shownText(text, put(html))).toBe(shown));
  it('a value follows its class, and a password never does', () => {
    expect(shownValue(put('<input data-x>'), '李四')).toBe('••');
    expect(shownValue(put('<input data-x data-assist="show">'), '有限公司')).toBe('有限公司');
    expect(shownValue(put('<input data-x data-assist="tail4" type="tel">'), '13800138000')).toBe('138••••8000（校验通过）');
    expect(shownValue(put('<input data-x data-assist="show" type="password">'), 'abc')).toBe('••••••••');
    expect(shownValue(put('<input data-x data-assist="show" type="hidden">'), 'abc')).toBe('••••••••');
  });
  it('a word about a shadow host holds inside it', () => {
    const host = put('<div data-x data-assist="show"></div>');
    const root = host.attachShadow({ mode: 'open' });
    root.innerHTML = '<p>words</p>';
    const inside = root.firstElementChild;
    expect(inside && shownText('words', inside)).toBe('words');
  });
});

describe('markup', () => {
  it.each(['title', 'placeholder', 'alt', 'aria-label', 'data-name', 'value', 'onclick', 'srcdoc', 'http-equiv', 'content'])(
    '%s does not pass by itself',
    (name) => expect(['gone', 'shown_only']).toContain(attributeKind(name)),
  );
  it('addresses are one’s own and bare', () => {
    const own = (address: string) => ownAddress(address, 'https://a.example/x/', 'https://a.example');
    expect(own('y.css?phone=1#z')).toBe('https://a.example/x/y.css');
    expect(own('https://b.example/y.css')).toBeUndefined();
    expect(own('blob:https://a.example/1')).toBeUndefined();
    expect(own('data:image/png;base64,AA')).toBeUndefined();
    expect(own('/u/13800138000')).toBeUndefined();
    expect(pageAddress('https://a.example/f/13800138000?name=x')).toBe('https://a.example/');
    expect(pageAddress('https://a.example/forms/enterprise?name=x#y')).toBe('https://a.example/forms/enterprise');
  });
  it('style keeps its looks and loses its words', () => {
    const clean = (css: string) => cleanCss(css, 'https://a.example/', 'https://a.example');
    expect(clean('.a::after{content:"张三"}')).toBe('.a::after{content:""}');
    expect(clean('.a::after{content:"*"}')).toBe('.a::after{content:"*"}');
    expect(clean('.a{--n:"110105194912310021"}')).toBe('.a{--n:""}');
    expect(clean('.a{color:#112233;width:33.333333%;z-index:2147483647}')).toBe('.a{color:rgb(17,34,51);width:33.333%;z-index:99999}');
    expect(clean('.a{background:url(https://evil.example/t.png)}')).toBe('.a{background:none}');
    expect(clean("input[type='text']{font-family:'Noto Sans'}")).toBe("input[type='text']{font-family:'Noto Sans'}");
    expect(clean('@import "https://evil.example/a.css";.a{}')).toBe('.a{}');
    expect(clean('/* 张三 */.a{}')).toBe('.a{}');
    expect(clean('.a{color:rgb(120 130 140)}')).toBe('.a{color:rgb(120  130  140)}');
    expect(clean('@font-face{font-family:x;unicode-range:U+0131,U+0152-0153;}')).toBe('@font-face{font-family:x;}');
    expect(clean('.c-13800138000{color:red}')).toBe('.c-99999{color:red}');
  });
  it('drawings keep their shape and hide no number', () => {
    expect(cleanDrawing('0 0 24 24')).toBe('0,0,24,24');
    expect(cleanDrawing('M12.3456789 10-20 30 40 50 60z')).toBe('M12.345,10,-20,30,40,50,60z');
    expect(cleanDrawing('M13800138000 1')).toBe('M99999,1');
    expect(cleanDrawing('url(http://evil.example)')).toBeUndefined();
  });
});
