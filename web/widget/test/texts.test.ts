import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { en as meEn } from '../me/locales/en';
import { zh as meZh } from '../me/locales/zh';
import { en as pageEn } from '../page/en';
import { chooseLocale, translator } from '../src/locale';
import { en } from '../src/locales/en';
import { zh } from '../src/locales/zh';
import { comparison } from '../src/views/EntryBody';
import { waitText } from '../src/views/StatusLine';

const marks = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

const pairs = <K extends string>(zh: Record<K, string>, en: Record<K, string>): [string, string, string][] =>
  (Object.keys(zh) as K[]).map((key) => [key, zh[key], en[key]]);

describe('texts', () => {
  it('have the same marks in both languages, and Chinese where Chinese is due', () => {
    for (const [key, chinese, english] of [...pairs(zh, en), ...pairs(meZh, meEn)]) {
      expect(marks(english), key).toEqual(marks(chinese));
      expect(english, key).not.toBe('');
    }
  });

  it('of the page all have their English', () => {
    const html = readFileSync(`${import.meta.dirname}/../page/index.html`, 'utf8');
    const keys = Array.from(html.matchAll(/data-t(?:-label)?="(\w+)"/g), (match) => match[1] ?? '');
    expect(keys.length).toBeGreaterThan(8);
    expect([...new Set([...keys, 'title'])].sort()).toEqual(Object.keys(pageEn).sort());
  });

  it('say conditions and waiting times as a person would', () => {
    const t = translator('zh');
    expect(comparison({ field: '年龄', op: 'ge', value: 60 }, t)).toBe('年龄不低于 60');
    expect(comparison({ field: '户籍', op: 'in', value: ['东湖区', '西城区'] }, t)).toBe('户籍属于：东湖区、西城区');
    expect(waitText(20, t)).toBe('不到 1 分钟');
    expect(waitText(61, t)).toBe('2 分钟');
  });
});

describe('language', () => {
  const cases: [string | null, string | null, string, 'zh' | 'en'][] = [
    ['en', 'zh', 'zh-CN', 'en'],
    [null, 'en-US', 'zh-CN', 'en'],
    [null, null, 'zh-Hans', 'zh'],
    [null, null, 'fr', 'en'],
    [null, '', 'zh', 'zh'],
  ];
  it.each(cases)('chosen %s, attribute %s, page %s: %s', (chosen, attribute, page, expected) => {
    document.documentElement.lang = page;
    expect(chooseLocale(chosen, attribute)).toBe(expected);
  });
});
