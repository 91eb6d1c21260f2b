/** Which fields somebody from outside may propose a value for: the same answer in the page and at the desk. */
import { BLOCKED, nearest } from './around';
import { labelOf } from './label';

/** Why a field may never be touched from the other side. */
export type Forbidden =
  | 'submit'
  | 'pay'
  | 'upload'
  | 'delete'
  | 'password'
  | 'code'
  | 'declaration'
  | 'hidden'
  | 'blocked'
  | 'locked'
  | 'no_field';

const PASSWORD = /密码|口令|passw(or)?d|passcode|\bpwd\b/i;
const CODE = /验证码|校验码|动态码|短信码|随机码|认证码|captcha|\botp\b|one.?time|verif\w*.?code|sms.?code|\bcvv\b|\bcvc\b/i;
const PAY = /支付|付款|缴费|缴款|转账|\bpay(ment)?\b/i;
const DELETE = /删除|注销|清空|撤回|delete|remove/i;
const DECLARATION =
  /承诺|声明|同意|确认无误|本人(已|确认|保证)|已阅读|阅读并|知悉|知晓|授权|签署|agree|declar|consent|terms|confirm|i have read/i;
const SECRET_AUTOCOMPLETE = /one-time-code|current-password|new-password|cc-csc|cc-number/i;

const TYPES = new Set([
  'text', 'search', 'tel', 'email', 'url', 'number', 'date', 'month', 'week', 'time', 'datetime-local', 'radio', 'checkbox',
]);

/** Nothing, when a proposal for it may be shown to the citizen. */
export function forbidden(element: Element): Forbidden | undefined {
  const { localName } = element;
  if (nearest(element, BLOCKED)) return 'blocked';
  const words = `${labelOf(element)} ${element.getAttribute('name') ?? ''} ${element.id}`;
  if (localName === 'button' || localName === 'a') return outward(`${element.textContent} ${words}`);
  if (localName !== 'input' && localName !== 'textarea' && localName !== 'select') return 'no_field';
  const type = localName === 'input' ? (element.getAttribute('type') ?? 'text').toLowerCase() : localName;
  if (type === 'hidden') return 'hidden';
  if (type === 'file') return 'upload';
  if (/^(submit|image|button|reset)$/.test(type)) return outward(words);
  // What was a password once stays one, also while the page shows it as text.
  const secret = type === 'password' || element.hasAttribute('data-rr-is-password');
  if (secret || PASSWORD.test(words)) return 'password';
  const autocomplete = element.getAttribute('autocomplete') ?? '';
  if (CODE.test(words)) return 'code';
  if (SECRET_AUTOCOMPLETE.test(autocomplete)) return /password/.test(autocomplete) ? 'password' : 'code';
  if (PAY.test(words)) return 'pay';
  if (type === 'checkbox' || type === 'radio') {
    if (DECLARATION.test(words) || nearest(element, '[data-assist-declaration]')) return 'declaration';
    if (DELETE.test(words)) return 'delete';
  }
  if (localName === 'input' && !TYPES.has(type)) return 'no_field';
  if (element.matches(':disabled') || element.hasAttribute('readonly')) return 'locked';
  return undefined;
}

function outward(words: string): Forbidden {
  if (PAY.test(words)) return 'pay';
  return DELETE.test(words) ? 'delete' : 'submit';
}

export function isForm(element: Element): boolean {
  return /^(input|select|textarea|button)$/.test(element.localName);
}
