import { expect, it, vi } from 'vitest';

import { Backoff } from '../src/backoff';
import { freshId } from '../src/ids';
import { sizeText } from '../src/size';
import { clockTime, dayKey, longDate } from '../src/time';

it('waits longer each time, within bounds, and starts over when told', () => {
  const calm = new Backoff({ random: () => 1 });
  expect([1, 2, 3, 4, 5, 6, 7].map(() => calm.next())).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  calm.reset();
  expect(calm.next()).toBe(500);
  const hasty = new Backoff({ random: () => 0 });
  for (let turn = 0; turn < 50; turn += 1) {
    const wait = hasty.next();
    expect(wait).toBeGreaterThanOrEqual(500);
    expect(wait).toBeLessThanOrEqual(15_000);
  }
});

it('makes a UUID on pages that have no randomUUID', () => {
  const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(freshId()).toMatch(shape);
  vi.stubGlobal('crypto', { getRandomValues: (bytes: Uint8Array) => bytes.fill(255) });
  expect(freshId()).toMatch(shape);
});

it('shows Beijing time', () => {
  expect(clockTime('2026-03-01T23:30:00Z', 'zh')).toBe('07:30');
  expect(dayKey('2026-03-01T23:30:00Z')).toBe(dayKey('2026-03-02T01:00:00Z'));
  expect(longDate('2026-01-01', 'zh')).toBe('2026年1月1日');
  expect(clockTime('nonsense', 'zh')).toBe('');
});

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KB'],
  [544_768, '532 KB'],
  [1_258_291, '1.2 MB'],
  [10_485_760, '10.0 MB'],
])('tells a size of %i bytes as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
