import { describe, expect, it, vi } from 'vitest';

import { createApi } from '../src/api';
import { en } from '../src/locales/en';
import { zh } from '../src/locales/zh';
import {
  byContribution,
  countLines,
  differences,
  featureText,
  figure,
  levelOf,
  outcomeReason,
  outcomeText,
  percent,
  printLines,
  rightOf,
  rowsOf,
  width,
} from '../src/search/show';
import type { Explained, Looked, Row, Run } from '../src/search/wire';

const thresholds = { answer_at: 0.5, clarify_at: 0.3 };
const version = { knowledge: 3, weights: 'abcd1234', analyzer: 'layout 1, analyzer 2' };

function hit(confidence: number): Explained {
  return {
    id: 'a',
    kind: 'faq',
    title: '身份证补办',
    unit: '身份证丢了怎么补',
    confidence,
    score: 1,
    model: 'questions',
    fields: [],
    terms: [],
    features: [],
    matched: [],
    missing: [],
  };
}

function looked(more: Partial<Looked>): Looked {
  return { read_as: '', thresholds, version, milliseconds: 1, hits: [], ...more };
}

function run(more: Partial<Run> = {}): Run {
  return {
    number: 1,
    set: 's',
    set_name: '题集',
    by: '王',
    begun_at: '2026-03-01T08:00:00Z',
    state: 'finished',
    version,
    mixed: false,
    thresholds,
    total: 4,
    done: 4,
    totals: { answered: 2, clarify: 1, no_answer: 1, aside: 0, right: 0, wrong: 0, in_three: 0, with_expected: 0, mean_confidence: 0.5 },
    ...more,
  };
}

describe('confidence in words', () => {
  it.each([
    [0, '0%'],
    [0.001, '<1%'],
    [0.123, '12%'],
    [0.994, '99%'],
    [0.997, '>99%'],
    [1, '100%'],
  ])('%d reads %s', (share, text) => expect(percent(share)).toBe(text));

  it.each([
    [0.5, 'answer'],
    [0.49, 'clarify'],
    [0.3, 'clarify'],
    [0.29, 'none'],
  ] as const)('%d is enough for %s', (confidence, level) => expect(levelOf(confidence, thresholds)).toBe(level));
});

describe('what a citizen would see', () => {
  it.each<[Partial<Looked>, string, string]>([
    [{ outcome: 'answered', hits: [hit(0.8)] }, '会直接回答', '80%'],
    [{ outcome: 'clarify', hits: [hit(0.4)] }, '会反问', '没到直接回答的门槛 50%'],
    [{ outcome: 'clarify', hits: [hit(0.8), hit(0.79)] }, '会反问', '请群众自己选'],
    [{ outcome: 'no_answer', hits: [hit(0.1)] }, '会说没有答案', '低于反问的门槛 30%'],
    [{ outcome: 'no_answer' }, '会说没有答案', '没有任何条目'],
    [{ outcome: 'handoff', intent: 'ask_human', hits: [hit(0.9)] }, '不检索，按“要求人工”处理', '检索之前'],
    [{ intent: 'something_new' }, '不检索，按“something_new”处理', '检索之前'],
  ])('%j', (more, outcome, reason) => {
    const it = looked(more);
    expect(outcomeText(it.outcome, it.intent, zh)).toBe(outcome);
    expect(outcomeReason(it, zh)).toContain(reason);
  });
});

describe('features', () => {
  const feature = (name: string, value: number, weight: number) => ({ name, value, weight, contribution: value * weight });

  it('stand in the order of what they did', () => {
    const features = [feature('unit_run', 0.2, 0), feature('unit_both', 0.5, 0.02), feature('unit_not', 1, -0.5), feature('unit_words', 0.9, 0)];
    expect(byContribution(features).map(({ name }) => name)).toEqual(['unit_not', 'unit_both', 'unit_words', 'unit_run']);
  });

  it('have the same plain names in both languages, and an unknown one keeps its own', () => {
    expect(Object.keys(en.search.features).sort()).toEqual(Object.keys(zh.search.features).sort());
    expect(featureText('unit_letters_back', zh)).toMatchObject({ name: '问法的字在问题中' });
    expect(featureText('of_tomorrow', zh)).toEqual({ name: 'of_tomorrow', hint: '' });
  });

  it.each([
    [-0.0001, '0.000'],
    [-0.25, '-0.250'],
    [1, '1.000'],
  ])('%d is written %s', (value, text) => expect(figure(value)).toBe(text));

  it.each([
    [1, 2, '50%'],
    [3, 2, '100%'],
    [-1, 2, '0%'],
    [1, 0, '0%'],
  ])('a bar of %d beside %d is %s wide', (value, widest, expected) => expect(width(value, widest)).toBe(expected));
});

describe('sets and runs', () => {
  it('are edited as lines', () => {
    const questions = [
      { text: '身份证丢了', expected: ['a', 'b'], unanswerable: false },
      { text: '今晚吃什么', expected: [], unanswerable: true },
      { text: '公积金', expected: [], unanswerable: false },
    ];
    expect(printLines(questions)).toBe('身份证丢了 | a b\n今晚吃什么 | -\n公积金');
    expect(countLines('一\n\n# 注释\n  二 ')).toBe(2);
  });

  it('say how many were right only where somebody has said what is right', () => {
    expect(rightOf(run())).toBe('—');
    expect(rightOf(run({ totals: { ...run().totals, right: 3, wrong: 1 } }))).toBe('3/4');
  });

  it('name what changed between two versions', () => {
    expect(differences(run(), run())).toEqual([]);
    const later = run({
      version: { ...version, knowledge: 4, weights: 'ffff0000' },
      thresholds: { ...thresholds, answer_at: 0.6 },
      region: '990102',
    });
    expect(differences(run(), later)).toEqual(['knowledge', 'weights', 'thresholds', 'region']);
    const byMeaning = run({ version: { ...version, embedding: 'multilingual-e5-small' } });
    expect(differences(run(), byMeaning)).toEqual(['embedding']);
    expect(differences(byMeaning, byMeaning)).toEqual([]);
  });

  it('are filtered by what became of the questions', () => {
    const row = (text: string, outcome: Row['outcome'], verdict: Row['verdict']): Row => ({
      text,
      expected: [],
      unanswerable: false,
      hits: [],
      verdict,
      ...(outcome === undefined ? {} : { outcome }),
    });
    const rows = [row('a', 'answered', 'wrong'), row('b', 'clarify', 'unjudged'), row('c', 'no_answer', 'right'), row('d', undefined, 'unjudged')];
    const texts = (filter: Parameters<typeof rowsOf>[1]) => rowsOf(rows, filter).map(({ text }) => text).join('');
    expect([texts('all'), texts('wrong'), texts('no_answer'), texts('clarify'), texts('unjudged')]).toEqual(['abcd', 'a', 'c', 'b', 'bd']);
  });
});

describe('the calls', () => {
  it('keep ids and questions apart from addresses', async () => {
    const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(new Response('{}')));
    const api = createApi({ fetch });
    await api.look({ question: '身份证/丢了?' });
    await api.set('a/b');
    await api.doubts({ state: 'open', kind: 'unsure', order: 'often' });
    await api.compareRuns(3, 7);
    const calls = fetch.mock.calls.map(([url, init]) => `${init?.method ?? ''} ${url as string}`);
    expect(calls).toEqual([
      'POST /api/v1/desk/search',
      'GET /api/v1/desk/search/sets/a%2Fb',
      'GET /api/v1/desk/search/doubts?state=open&kind=unsure&order=often&limit=200',
      'GET /api/v1/desk/search/compare?before=3&after=7',
    ]);
    expect(fetch.mock.calls[0]?.[1]?.body).toBe(JSON.stringify({ question: '身份证/丢了?' }));
  });
});
