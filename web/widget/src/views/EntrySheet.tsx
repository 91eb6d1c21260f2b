import { openDialog } from '@yikouwen/shared/dialog';
import { safeHref } from '@yikouwen/shared/markdown';
import { longDate } from '@yikouwen/shared/time';
import type { Citation, Entry, EntryKind } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { TextKey } from '../locale';
import { useUi } from './context';
import { EntryBody } from './EntryBody';
import { CloseIcon } from './icons';
import { Markdown } from './Markdown';
import { away } from './MarkdownTree';

const kinds: Record<EntryKind, TextKey> = {
  faq: 'kindFaq',
  matter: 'kindMatter',
  policy: 'kindPolicy',
  scenario: 'kindScenario',
};

/** An opened citation: first the words the answer relies on, then the whole entry they come from. */
export function EntrySheet({ citation, onClose }: { citation: Citation; onClose: () => void }): JSX.Element {
  const { t, locale } = useUi();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (!element) return undefined;
    const root = element.getRootNode();
    const opener = root instanceof ShadowRoot || root instanceof Document ? root.activeElement : null;
    openDialog(element);
    return () => {
      if (typeof element.close === 'function') element.close();
      // The browser gives the focus back only to a dialog that is still in the page, and this one may be gone by now.
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);
  const original = citation.url === undefined ? undefined : safeHref(citation.url);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      data-testid="entry-sheet"
      data-assist-show
      aria-labelledby="sheet-title"
      onClose={onClose}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
      // A press beside the sheet lands on the dialog element itself.
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="sheet-inner">
        <header class="sheet-head">
          <div>
            <p class="sheet-kind">
              {t('sheetTitle', { number: citation.number })} · {t(kinds[citation.kind])}
            </p>
            <h3 id="sheet-title">{citation.title}</h3>
          </div>
          <button type="button" class="icon-button" data-testid="sheet-close" aria-label={t('close')} onClick={onClose}>
            <CloseIcon />
          </button>
        </header>
        <div class="sheet-body" tabIndex={0} role="group" aria-labelledby="sheet-title">
          {citation.quote !== undefined && (
            <section>
              <h4>{t('sheetQuote')}</h4>
              <blockquote data-testid="sheet-quote">
                <Markdown text={citation.quote} />
              </blockquote>
            </section>
          )}
          <dl class="facts">
            <Fact name={t('sheetSource')} value={citation.source} />
            <Fact name={t('sheetDepartment')} value={citation.department} />
            <Fact name={t('sheetUpdated')} value={citation.updated && longDate(citation.updated, locale)} />
          </dl>
          {original !== undefined && (
            <p>
              <a class="link-button" href={original} {...away}>
                {t('sheetOriginal')}
              </a>
            </p>
          )}
          <FullEntry id={citation.id} quote={citation.quote} />
        </div>
      </div>
    </dialog>
  );
}

export function Fact({ name, value }: { name: string; value: string | undefined }): JSX.Element | null {
  if (value === undefined || value === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function FullEntry({ id, quote }: { id: string; quote: string | undefined }): JSX.Element {
  const { t, controller } = useUi();
  const [entry, setEntry] = useState<Entry>();
  const [failed, setFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let current = true;
    setFailed(false);
    controller.api.entry(id).then(
      (loaded) => current && setEntry(loaded),
      () => current && setFailed(true),
    );
    return () => {
      current = false;
    };
  }, [controller, id, attempt]);
  if (entry) return <EntryBody entry={entry} quote={quote} />;
  return (
    <div role="status" class="loading">
      <p>{t(failed ? 'sheetFailed' : 'sheetLoading')}</p>
      {failed && (
        <button type="button" class="link-button" data-testid="sheet-retry" onClick={() => setAttempt(attempt + 1)}>
          {t('retry')}
        </button>
      )}
    </div>
  );
}
