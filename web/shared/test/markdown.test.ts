import { describe, expect, it } from 'vitest';

import { renderMarkdown } from '../src/html';
import { parseMarkdown, safeHref } from '../src/markdown';

describe('what messages use', () => {
  const cases: [string, string][] = [
    ['您好', '<p>您好</p>'],
    ['一\n二', '<p>一<br>二</p>'],
    ['一\n\n二', '<p>一</p><p>二</p>'],
    ['**要点**：带证', '<p><strong>要点</strong>：带证</p>'],
    ['- 甲\n- 乙', '<ul><li>甲</li><li>乙</li></ul>'],
    ['1. 甲\n2. 乙', '<ol><li>甲</li><li>乙</li></ol>'],
    ['3、 甲', '<ol start="3"><li>甲</li></ol>'],
    ['- 甲\n  - 乙\n- 丙', '<ul><li>甲<ul><li>乙</li></ul></li><li>丙</li></ul>'],
    ['### 材料', '<p class="heading"><strong>材料</strong></p>'],
    ['材料：\n- 甲', '<p>材料：</p><ul><li>甲</li></ul>'],
    ['见法条[1]。', '<p>见法条<sup data-citation="1">[1]</sup>。</p>'],
    ['[原文](https://a.example/b)', '<p><a href="https://a.example/b" target="_blank" rel="noopener noreferrer">原文</a></p>'],
    ['拨打[热线](tel:12345)', '<p>拨打<a href="tel:12345" target="_blank" rel="noopener noreferrer">热线</a></p>'],
    ['看 https://a.example/x。', '<p>看 <a href="https://a.example/x" target="_blank" rel="noopener noreferrer">https://a.example/x</a>。</p>'],
    ['费用 3.5 元', '<p>费用 3.5 元</p>'],
    ['3.5 元一份', '<p>3.5 元一份</p>'],
    ['2*3*4 与 ** 空 **', '<p>2*3*4 与 <strong> 空 </strong></p>'],
    ['没写完的 **粗体', '<p>没写完的 **粗体</p>'],
    ['\\*\\*不加粗\\*\\*', '<p>**不加粗**</p>'],
    ['第一行\r\n第二行', '<p>第一行<br>第二行</p>'],
    ['', ''],
  ];
  it.each(cases)('%j', (source, html) => {
    expect(renderMarkdown(source)).toBe(html);
  });
});

/** Whatever hostile text comes in, only these elements, only these attributes and only these addresses may come out. */
const ELEMENTS = new Set(['P', 'BR', 'STRONG', 'UL', 'OL', 'LI', 'A', 'SUP']);
const ATTRIBUTES = new Set(['href', 'target', 'rel', 'class', 'start', 'data-citation']);

describe('hostile text', () => {
  const hostile = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<iframe srcdoc="<script>alert(1)</script>">',
    '</p></div><style>*{display:none}</style>',
    '<a href="javascript:alert(1)">点我</a>',
    '[点我](javascript:alert(1))',
    '[点我](JaVaScRiPt:alert(1))',
    '[点我](java\tscript:alert(1))',
    '[点我](\u0001javascript:alert(1))',
    '[点我](data:text/html,<script>alert(1)</script>)',
    '[点我](vbscript:msgbox(1))',
    '[点我](file:///etc/passwd)',
    '[点我](//evil.example)',
    '[点我](/desk/logout)',
    '[点我](https://gov.example@evil.example/)',
    '[点我](https://a.example/"onmouseover="alert(1))',
    "[点我](https://a.example/'onmouseover='alert(1))",
    '[点我](https://a.example/<script>)',
    '[点我](https://a.example\\@evil.example)',
    '[x](https://a.example "title" onclick=alert(1))',
    '[<img src=x onerror=alert(1)>](https://a.example)',
    '**<b onclick=alert(1)>粗</b>**',
    '- <img src=x onerror=alert(1)>',
    '1. <script>alert(1)</script>',
    '### <img src=x onerror=alert(1)>',
    '[拨打](tel:*#06#)',
    '[拨打](tel:110;phone-context=evil)',
    '&lt;script&gt;alert(1)&lt;/script&gt;',
    '[1](javascript:alert(1))',
    'https://a.example/"><script>alert(1)</script>',
    '![图](https://a.example/track.png)',
    '`<script>alert(1)</script>`',
    '<!-- <script> -->',
    '\u202e<script>alert(1)</script>',
  ];
  it.each(hostile)('%j stays text', (source) => {
    const holder = document.createElement('div');
    holder.innerHTML = renderMarkdown(source);
    for (const element of holder.querySelectorAll('*')) {
      expect(ELEMENTS).toContain(element.tagName);
      for (const attribute of element.attributes) expect(ATTRIBUTES).toContain(attribute.name);
      const href = element.getAttribute('href');
      if (href !== null) expect(href).toMatch(/^(https?:\/\/a\.example\/|tel:\+?[\d-]+$)/);
    }
  });

  it('shows a refused link as it was written', () => {
    expect(renderMarkdown('[点我](javascript:alert)')).toBe('<p>[点我](javascript:alert)</p>');
  });

  it.each(['*'.repeat(20_000), '['.repeat(20_000), '[a]('.repeat(5_000), '- '.repeat(10_000), `${' '.repeat(20_000)}#`])(
    'is quick about long nonsense',
    (source) => {
      const start = performance.now();
      renderMarkdown(source);
      expect(performance.now() - start).toBeLessThan(1_500);
    },
  );
});

describe('addresses', () => {
  it.each(['https://a.example/?q=1&b=2#c', 'http://a.example/', 'tel:0000-88001234', 'tel:+8612345'])('%s may be linked', (href) => {
    expect(safeHref(href)).toBe(href);
  });
  it.each(['', 'a.example', 'ftp://a.example', 'mailto:a@b.example', 'blob:https://a.example/1', ' https://a.example'])(
    '%j may not',
    (href) => {
      expect(safeHref(href)).toBeUndefined();
    },
  );
});

it('keeps the text of a deep list', () => {
  const [list] = parseMarkdown('1. 甲\n   - 乙\n     - 丙\n2. 丁');
  expect(list).toMatchObject({ kind: 'list', ordered: true, items: [{ sub: { items: [{ sub: { ordered: false } }] } }, {}] });
});
