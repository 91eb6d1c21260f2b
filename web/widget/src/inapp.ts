/** Apps that show pages in a view of their own: WeChat and its company edition, DingTalk, Alipay, 浙里办, QQ, Weibo. */
const APPS = /MicroMessenger|wxwork|DingTalk|AlipayClient|DtDream|\bQQ\/|Weibo/i;

/**
 * Whether the page is shown by an app. Such views know no second window (a new one takes the place of the page), and
 * many open nothing to choose from when a file field lists what it accepts.
 */
export function isInApp(agent = navigator.userAgent): boolean {
  return APPS.test(agent);
}
