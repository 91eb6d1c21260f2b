import { dayKey, longDate } from '@yikouwen/shared/time';
import type { Message, Site } from '@yikouwen/shared/wire';
import { Fragment, type JSX } from 'preact';
import { useRef } from 'preact/hooks';

import type { Draft, Pending, State } from '../state';
import { useUi } from './context';
import { DownIcon } from './icons';
import { Markdown } from './Markdown';
import { MessageView, PendingBubble } from './MessageView';
import { useFollow } from './useFollow';
import { Welcome } from './Welcome';

interface Props {
  state: State;
  site: Site | undefined;
  onEdit: (pending: Pending) => void;
}

export function Thread({ state, site, onEdit }: Props): JSX.Element {
  const { t, locale } = useUi();
  const scroller = useRef<HTMLDivElement>(null);
  const { away, toLatest } = useFollow(scroller, state);
  const { messages, pending, past } = state;
  const fresh = messages.length === 0 && pending.length === 0 && past.length === 0;
  const days = new DayMarks();
  const dated = (message: Message, view: JSX.Element): JSX.Element => (
    <Fragment key={message.client_id ?? message.id}>
      {days.isNew(message.at) && <p class="day" data-assist-show>{longDate(message.at, locale)}</p>}
      {view}
    </Fragment>
  );
  return (
    // In the order of the keyboard, which has no other way to move what has nothing to press in it.
    <div class="thread" ref={scroller} data-testid="thread" tabIndex={0} role="group" aria-label={t('thread')}>
      <Welcome site={site} starters={fresh && state.settled} />
      {/* Only finished messages live in the log: a draft that changes ten times a second would be read out ten times. */}
      <div role="log" aria-live={state.settled ? 'polite' : 'off'} aria-relevant="additions" aria-label={t('thread')}>
        {past.map((segment) => (
          // A helper with whom this page is shared was not given it.
          <div key={segment.conversation} data-assist="block">
            {segment.messages.map((message) =>
              dated(message, <MessageView message={message} state={state} latest={false} old />),
            )}
            <p class="divider" data-testid="divider">
              {t('newConversationDivider')}
            </p>
          </div>
        ))}
        {messages.map((message, at) =>
          dated(
            message,
            <MessageView message={message} state={state} latest={pending.length === 0 && isLatest(messages, at)} />,
          ),
        )}
        {pending.map((one) => (
          <Fragment key={one.id}>
            <PendingBubble pending={one} onEdit={() => onEdit(one)} />
          </Fragment>
        ))}
      </div>
      {state.drafts.map((draft) => (
        <DraftView key={draft.turn} draft={draft} />
      ))}
      {state.helperTyping && (
        <p class="typing" data-testid="helper-typing" data-assist-show>
          {t('helperTyping', { name: state.helper ?? t('helperName') })}
        </p>
      )}
      {away && !fresh && (
        <button type="button" class="to-latest" data-testid="to-latest" onClick={toLatest}>
          <DownIcon />
          {t('toLatest')}
        </button>
      )}
    </div>
  );
}

/** A message still waits for its answer while only notices of the system came after it. */
function isLatest(messages: Message[], at: number): boolean {
  return messages.slice(at + 1).every((message) => message.author === 'system');
}

function DraftView({ draft }: { draft: Draft }): JSX.Element {
  const { t } = useUi();
  return (
    <article class="turn robot draft" data-testid="draft" data-turn={draft.turn}>
      <p class="who" data-assist-show>
        <span class="name">{t('robotName')}</span>
        <span class="badge">{t('aiBadge')}</span>
      </p>
      {draft.text === '' ? (
        <p class="bubble dots" data-testid="thinking">
          <span class="dot" />
          <span class="dot" />
          <span class="dot" />
          <span>{t('thinking')}</span>
        </p>
      ) : (
        <div class="bubble">
          <Markdown text={draft.text} />
        </div>
      )}
    </article>
  );
}

/** Says where a new day begins; today needs no mark. */
class DayMarks {
  private last = dayKey(new Date().toISOString());

  isNew(at: string): boolean {
    const day = dayKey(at);
    const isNew = day !== this.last;
    this.last = day;
    return isNew;
  }
}
