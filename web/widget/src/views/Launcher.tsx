import type { JSX } from 'preact';

import { useUi } from './context';
import { ChatIcon } from './icons';

export function Launcher({ unread, onOpen }: { unread: number; onOpen: () => void }): JSX.Element {
  const { t } = useUi();
  return (
    <button
      type="button"
      class="launcher"
      data-testid="launcher"
      aria-label={unread > 0 ? t('openChatUnread', { count: unread }) : t('openChat')}
      onClick={onOpen}
    >
      <ChatIcon />
      <span>{t('openChat')}</span>
      {unread > 0 && <span class="unread">{unread}</span>}
    </button>
  );
}
