/** What has to hold before the demo form goes on, in words that say what to do. */

export interface Holder {
  name: string;
  id: string;
  amount: string;
  way: string;
}

export type Values = Record<string, string>;
/** The id of a field, and what is wrong with it. */
export type Faults = Map<string, string>;

const CHINESE = /^[\u4e00-\u9fff]{2,10}$/;

export function faultsOf(step: number, values: Values, holders: Holder[]): Faults {
  const faults: Faults = new Map();
  const value = (name: string): string => (values[name] ?? '').trim();
  const need = (name: string, words: string): boolean => {
    if (value(name) !== '') return true;
    faults.set(name, words);
    return false;
  };
  switch (step) {
    case 1:
      need('kind', '请选一种企业类型');
      need('region', '请选择行政区划');
      if (need('trade', '请填写字号') && !CHINESE.test(value('trade'))) faults.set('trade', '字号要 2 到 10 个汉字，不能有字母、数字和空格');
      if (value('spare') !== '' && !CHINESE.test(value('spare'))) faults.set('spare', '备用字号要 2 到 10 个汉字');
      if (value('spare') !== '' && value('spare') === value('trade')) faults.set('spare', '备用字号要和字号不一样');
      need('industry', '请选择行业特点');
      break;
    case 2:
      need('district', '请选择所在区');
      if (need('address', '请填写详细地址') && value('address').length < 5) faults.set('address', '地址太短，请写到门牌号');
      need('premises', '请选一项：房子是怎么来的');
      need('scope', '请填写经营范围，或者勾选常见的经营项目');
      break;
    case 3:
      if (need('capital', '请填写注册资本') && !(Number(value('capital')) > 0)) faults.set('capital', '注册资本要大于 0');
      holders.forEach((holder, at) => holderFaults(holder, at, faults));
      if (faults.size === 0) {
        const sum = holders.reduce((total, { amount }) => total + Number(amount), 0);
        if (Math.abs(sum - Number(value('capital'))) > 0.005) {
          faults.set('holders', `股东出资加起来是 ${Number(sum.toFixed(4))} 万元，要和注册资本 ${value('capital')} 万元一样`);
        }
      }
      break;
    case 4:
      need('contact', '请填写联系人姓名');
      if (need('phone', '请填写手机号') && !/^1[3-9]\d{9}$/.test(value('phone').replace(/[\s-]/g, ''))) {
        faults.set('phone', '手机号要 11 位数字，以 1 开头');
      }
      if (value('email') !== '' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value('email'))) {
        faults.set('email', '邮箱写得不对，应该像 name@example.com');
      }
      if (value('declare') !== 'true') faults.set('declare', '请看清楚上面的内容，同意就打上勾');
      break;
  }
  return faults;
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

function holderFaults({ name, id, amount, way }: Holder, at: number, faults: Faults): void {
  const key = (field: string): string => `holder-${at}-${field}`;
  const who = `第 ${at + 1} 位股东`;
  if (name.trim().length < 2) faults.set(key('name'), `请填写${who}的姓名`);
  const number = id.trim().toUpperCase();
  if (number === '') faults.set(key('id'), `请填写${who}的身份证号`);
  else if (!/^\d{17}[\dX]$/.test(number)) faults.set(key('id'), '身份证号要 18 位，最后一位可以是 X');
  else {
    const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(number[index]), 0);
    if ('10X98765432'[sum % 11] !== number[17]) faults.set(key('id'), '身份证号里有一位写错了，请对着证件再看一遍');
  }
  if (!(Number(amount) > 0)) faults.set(key('amount'), `请填写${who}的出资额`);
  if (way === '') faults.set(key('way'), `请选择${who}的出资方式`);
}

const FORMS: Values = { llc: '有限公司', sole: '', partner: '（普通合伙）', self: '' };

/** The name as it would be registered; nothing while a part is missing. */
export function fullName({ region = '', trade = '', industry = '', kind = '' }: Values): string {
  if (region === '' || trade.trim() === '' || industry === '' || kind === '') return '';
  return `${region}${trade.trim()}${industry}${FORMS[kind] ?? ''}`;
}

/** A number made of the moment alone, so it says nothing about who filled in the form. */
export function receiptNumber(now: Date): string {
  const part = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${part(now.getMonth() + 1)}${part(now.getDate())}`;
  const count = now.getHours() * 3600 + now.getMinutes() * 60 + now.getSeconds();
  return `演示-${day}-${String(count).padStart(5, '0')}`;
}
