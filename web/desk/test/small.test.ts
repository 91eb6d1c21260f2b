import type { Entry } from '@yikouwen/shared/wire';
import { describe, expect, it } from 'vitest';

import { createDrafts } from '../src/drafts';
import { en } from '../src/locales/en';
import { zh } from '../src/locales/zh';
import { partText, quoteText } from '../src/quote';
import { parseRoute, printRoute, type Route } from '../src/route';
import { isSendKey } from '../src/sendkey';
import { memory } from './make';

describe('addresses', () => {
  it.each([
    [{ evidence: false }, '#/'],
    [{ conversation: 'a/b 1', evidence: false }, '#/c/a%2Fb%201'],
    [{ conversation: 'a', evidence: true }, '#/c/a/e'],
    [{ conversation: 'a', evidence: true, entry: '事项-1' }, `#/c/a/e/${encodeURIComponent('事项-1')}`],
    [{ evidence: false, search: { at: 'try' } }, '#/search'],
    [{ evidence: false, search: { at: 'try', question: '补办/50%?' } }, `#/search/q/${encodeURIComponent('补办/50%?')}`],
    [{ evidence: false, search: { at: 'doubts' } }, '#/search/doubts'],
    [{ evidence: false, search: { at: 'sets' } }, '#/search/sets'],
    [{ evidence: false, search: { at: 'set', id: 'a/b' } }, '#/search/sets/a%2Fb'],
    [{ evidence: false, search: { at: 'run', number: 7 } }, '#/search/runs/7'],
    [{ evidence: false, search: { at: 'compare', before: 3, after: 7 } }, '#/search/runs/3/7'],
  ] satisfies [Route, string][])('%j is %s', (route, hash) => {
    expect(printRoute(route)).toBe(hash);
    expect(parseRoute(hash)).toEqual(route);
  });

  it.each(['#/search/x', '#/search/runs', '#/search/runs/x', '#/search/q/%E0%A4%A'])('"%s" is the page itself', (hash) => {
    expect(parseRoute(hash)).toEqual({ evidence: false, search: { at: 'try' } });
  });

  it.each(['', '#', '#/c/', '#/c/%E0%A4%A', '#/x/y'])('"%s" is nowhere', (hash) => {
    expect(parseRoute(hash)).toEqual({ evidence: false });
  });
});

describe('the send key', () => {
  const key = (init: KeyboardEventInit, keyCode = 0) => {
    const event = new KeyboardEvent('keydown', init);
    Object.defineProperty(event, 'keyCode', { value: keyCode });
    return isSendKey(event);
  };

  it('is Enter, alone or with Ctrl or Cmd', () => {
    expect(key({ key: 'Enter' })).toBe(true);
    expect(key({ key: 'Enter', ctrlKey: true })).toBe(true);
    expect(key({ key: 'Enter', metaKey: true })).toBe(true);
    expect(key({ key: 'Enter', shiftKey: true })).toBe(false);
    expect(key({ key: 'a' })).toBe(false);
  });

  it('is not the Enter that ends a composition', () => {
    expect(key({ key: 'Enter', isComposing: true })).toBe(false);
    expect(key({ key: 'Enter' }, 229)).toBe(false);
  });
});

describe('drafts', () => {
  it('are kept per conversation and across a reload', () => {
    const storage = memory();
    const drafts = createDrafts(storage, 'drafts');
    drafts.set('a', 'one');
    drafts.append('a', 'quote');
    drafts.append('b', 'alone');
    const again = createDrafts(storage, 'drafts');
    expect([again.get('a'), again.get('b'), again.get('c')]).toEqual(['one\n\nquote', 'alone', '']);
    again.set('a', '');
    again.set('b', '');
    expect(storage.read('drafts')).toBeUndefined();
  });
});

describe('quotations', () => {
  const entry: Entry = {
    id: 'e',
    kind: 'matter',
    title: '提取公积金',
    answer: '可以提取。',
    source: { title: '《条例》' },
    materials: [{ name: '身份证', form: '原件', copies: 1 }, { name: '合同' }],
    conditions: ['自住住房', { field: '企业类型', op: 'in', value: ['个体', '小微'] }],
    steps: ['提交', '审核'],
    windows: [{ name: '营业厅', address: '文汇路', phone: '0000-1' }],
  };

  it('name their source', () => {
    expect(partText(entry, 'answer', zh)).toBe('可以提取。（来源：《条例》）');
    expect(quoteText(' two sentences ', 'The Act', en)).toBe('two sentences (source: The Act)');
  });

  it('become lists that a citizen can read', () => {
    expect(partText(entry, 'materials', zh)).toBe('提取公积金——所需材料：\n- 身份证（原件，1 份）\n- 合同');
    expect(partText(entry, 'steps', zh)).toBe('提取公积金——办理步骤：\n1. 提交\n2. 审核');
    expect(partText(entry, 'conditions', zh)).toContain('- 企业类型 属于 个体、小微');
    expect(partText(entry, 'windows', zh)).toContain('- 营业厅，文汇路，电话：0000-1');
  });
});
