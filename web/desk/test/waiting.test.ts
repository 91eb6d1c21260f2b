import { describe, expect, it } from 'vitest';

import { en } from '../src/locales/en';
import { zh } from '../src/locales/zh';
import { formatWaiting, patienceOf, waitedNow } from '../src/waiting';

describe('waiting time', () => {
  it.each([
    [0, '0 秒'],
    [59.9, '59 秒'],
    [60, '1 分 00 秒'],
    [185, '3 分 05 秒'],
    [3599, '59 分 59 秒'],
    [3600, '1 小时 00 分'],
    [7325, '2 小时 02 分'],
    [-5, '0 秒'],
    [Number.NaN, '0 秒'],
  ])('%d reads %s', (seconds, text) => {
    expect(formatWaiting(seconds, zh)).toBe(text);
  });

  it('reads in English, too', () => {
    expect([5, 185, 7325].map((seconds) => formatWaiting(seconds, en))).toEqual(['5 s', '3 min 05 s', '2 h 02 min']);
  });

  it('turns from fresh to waiting to late', () => {
    expect([0, 59, 60, 179, 180, 9999].map(patienceOf)).toEqual([
      'fresh',
      'fresh',
      'waiting',
      'waiting',
      'late',
      'late',
    ]);
  });

  it("counts on from the server's figure, never backwards", () => {
    expect(waitedNow({ waiting_seconds: 40 }, 1000, 6000)).toBe(45);
    expect(waitedNow({ waiting_seconds: 40 }, 6000, 1000)).toBe(40);
  });
});
