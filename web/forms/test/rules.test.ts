import { describe, expect, it } from 'vitest';

import { faultsOf, fullName, receiptNumber } from '../page/forms/rules';

const good = {
  kind: 'llc', region: '安和市', trade: '禾苗', industry: '餐饮管理',
  district: '东城区', address: '春风路 8 号 2 楼', premises: 'rent', scope: '餐饮服务',
  capital: '30', contact: '张三', phone: '138 0013 8000', declare: 'true',
};
const holder = { name: '张三', id: '11010519491231002X', amount: '30', way: '货币' };

describe('the demo form', () => {
  it.each([1, 2, 3, 4])('lets a good step %i pass', (step) => {
    expect([...faultsOf(step, good, [holder])]).toEqual([]);
  });
  it.each([
    [1, { kind: '' }, 'kind'],
    [1, { trade: 'ABC' }, 'trade'],
    [1, { spare: '禾苗' }, 'spare'],
    [2, { address: '东' }, 'address'],
    [2, { scope: ' ' }, 'scope'],
    [3, { capital: '0' }, 'capital'],
    [3, { capital: '31' }, 'holders'],
    [4, { phone: '1380013800' }, 'phone'],
    [4, { email: 'a@b' }, 'email'],
    [4, { declare: 'false' }, 'declare'],
  ])('stops step %i at %o', (step, wrong, field) => {
    expect([...faultsOf(step, { ...good, ...wrong }, [holder]).keys()]).toEqual([field]);
  });
  it.each([
    [{ id: '110105194912310021' }, 'holder-0-id'],
    [{ name: '' }, 'holder-0-name'],
    [{ amount: '' }, 'holder-0-amount'],
    [{ way: '' }, 'holder-0-way'],
  ])('stops a shareholder at %o', (wrong, field) => {
    expect([...faultsOf(3, good, [{ ...holder, ...wrong }]).keys()]).toEqual([field]);
  });
  it('makes the whole name, once all of it is there', () => {
    expect(fullName(good)).toBe('安和市禾苗餐饮管理有限公司');
    expect(fullName({ ...good, trade: '' })).toBe('');
  });
  it('gives a number that says it is none', () => {
    expect(receiptNumber(new Date(2026, 0, 2, 1, 0, 5))).toBe('演示-20260102-03605');
  });
});
