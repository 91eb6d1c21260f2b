import type { JSX } from 'preact';

import { offerShare, type ShareLink } from '../share';
import { useUi } from './context';
import { away } from './MarkdownTree';

/** A helper offers to look at the form together. A link, so that it can be opened in every way a link can. */
export function ShareCard({ link }: { link: ShareLink }): JSX.Element {
  const { t } = useUi();
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
        {t('shareOpen')}
      </a>
    </div>
  );
}
