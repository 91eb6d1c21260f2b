import type { JSX } from 'preact';

import { useUi } from './context';
import { ChatIcon, DownIcon } from './icons';

interface Props {
  id: string;
  title: string;
  large: boolean;
  onLarge: () => void;
  onLanguage: () => void;
  /** Absent when the widget is the page and can't be put away. */
  onMinimize?: (() => void) | undefined;
}

export function Header({ id, title, large, onLarge, onLanguage, onMinimize }: Props): JSX.Element {
  const { t, locale } = useUi();
  return (
    <header class="header">
      <h2 id={id}>
        <ChatIcon />
        <span>{title}</span>
      </h2>
      <button type="button" class="header-button" data-testid="large-toggle" aria-pressed={large} onClick={onLarge}>
        {t(large ? 'largeOn' : 'large')}
      </button>
      <button
        type="button"
        class="header-button"
        data-testid="language-toggle"
        aria-label={t('languageLabel')}
        lang={locale === 'zh' ? 'en' : 'zh-CN'}
        onClick={onLanguage}
      >
        {t('language')}
      </button>
      {onMinimize && (
        <button type="button" class="header-button" data-testid="minimize" aria-label={t('minimize')} onClick={onMinimize}>
          <DownIcon />
        </button>
      )}
    </header>
  );
}
