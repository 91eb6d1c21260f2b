import type { JSX } from 'preact';

import { offerShare, type ShareLink } from '../share';
import { useUi } from './context';
import { away } from './MarkdownTree';

/** A helper offers to look at a page together. A link, so that it can be opened in every way a link can. */
export function ShareCard({ link }: { link: ShareLink }): JSX.Element {
  const { t, isPage } = useUi();
  // The page around a chat on another site is that site's, and is shared with nobody.
  if (link.page === 'chat' && !isPage) {
    return (
      <p class="share-card" data-testid="share-elsewhere">
        {t('shareElsewhere')}
      </p>
    );
  }
  return (
    <div class="share-card" data-testid="share-card">
      <a
        class="offer"
        data-testid="share-link"
        href={link.href}
        {...away}
        onClick={(event) => {
          if (offerShare(link)) event.preventDefault();
        }}
      >
        {t(link.page === 'chat' ? 'shareOpenChat' : link.page === 'me' ? 'shareOpenMe' : 'shareOpen')}
      </a>
    </div>
  );
}
