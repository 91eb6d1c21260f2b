/** Telegram's own view around the page. It is told by the bridge that stands in the view; none of Telegram's scripts is loaded. */

interface Bridge {
  postEvent(event: string, data: string): void;
}

/** The page is there, takes the whole height, and is not closed by a finger that moves down a form. */
export function settle(view: { TelegramWebviewProxy?: Bridge } = window as { TelegramWebviewProxy?: Bridge }): void {
  const bridge = view.TelegramWebviewProxy;
  bridge?.postEvent('web_app_ready', '');
  bridge?.postEvent('web_app_expand', '');
  bridge?.postEvent('web_app_setup_swipe_behavior', JSON.stringify({ allow_vertical_swipe: false }));
}
