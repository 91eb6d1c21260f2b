import { SHARE_LINK } from '@yikouwen/shared/sharelink';
import { clockTime } from '@yikouwen/shared/time';
import type { Attachment, Message } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';

import { shareIn } from '../share';
import { withHuman, type Pending, type State } from '../state';
import { useUi } from './context';
import { Calls, Choices, FeedbackButtons, HumanOffer, Sources } from './Extras';
import { Files } from './Files';
import { CheckIcon, FileIcon } from './icons';
import { Markdown } from './Markdown';
import { Rating } from './Rating';
import { ShareCard } from './ShareCard';

interface Props {
  message: Message;
  state: State;
  /** Nothing has been said after it, so what it asks can still be answered. */
  latest: boolean;
  /** From an earlier conversation: to be read only. */
  old?: boolean;
}

export function MessageView({ message, state, latest, old = false }: Props): JSX.Element {
  const { controller } = useUi();
  const { author } = message;
  if (author === 'citizen') return <CitizenBubble message={message} last={latest} />;
  const { citations = [], choices = [], call = [], attachments = [] } = message;
  const answered = message.outcome === 'answered' || message.outcome === 'guide';
  const given = state.feedback[message.id] ?? message.feedback;
  const share = author === 'robot' || old ? undefined : shareIn(message.text, controller.server);
  const words = share ? share.rest : message.text;
  const offer = (message.offer_human === true || given === 'useless') && latest && !withHuman(state.stage);
  return (
    <article
      class={`turn ${author}`}
      data-testid="message"
      data-author={author}
      data-message={message.id}
      data-assist={seen(message, words)}
    >
      <Who message={message} />
      <div class={message.outcome === 'emergency' ? 'bubble emergency' : 'bubble'}>
        {words !== '' && <Markdown text={words} citations={citations} />}
        {share && <ShareCard link={share} />}
        {attachments.length > 0 && <Files files={attachments} />}
        {call.length > 0 && <Calls calls={call} />}
        {citations.length > 0 && <Sources citations={citations} />}
      </div>
      {choices.length > 0 && (
        <Choices
          choices={choices}
          open={latest && !old}
          picked={state.picked[message.id]}
          onPick={(choice) => controller.choose(message.id, choice)}
        />
      )}
      {author === 'robot' && answered && !old && <FeedbackButtons message={message} given={given} />}
      {offer && !old && <HumanOffer />}
      {message.ask_rating === true && !old && (
        <Rating id={message.id} given={state.rated[state.conversation ?? '']} />
      )}
    </article>
  );
}

function Who({ message }: { message: Message }): JSX.Element {
  const { t, locale } = useUi();
  const { author, name } = message;
  const shown =
    author === 'robot' ? t('robotName') : author === 'helper' ? (name ?? t('helperName')) : t('systemName');
  return (
    <p class="who">
      <span class="name">{shown}</span>
      {author === 'robot' && <span class="badge">{t('aiBadge')}</span>}
      {author === 'helper' && name !== undefined && <span class="badge person">{t('helperName')}</span>}
      <time dateTime={message.at}>{clockTime(message.at, locale)}</time>
    </p>
  );
}

function CitizenBubble({ message, last }: { message: Message; last: boolean }): JSX.Element {
  const { t, locale } = useUi();
  const { id, text, at } = message;
  const files: Attachment[] = message.attachments ?? [];
  return (
    <article class="turn citizen" data-testid="message" data-author="citizen" data-message={id} data-assist={seen(message, text)}>
      <p class="who sr-only">{t('you')}</p>
      {text !== '' && <div class="bubble plain">{text}</div>}
      {files.length > 0 && <Files files={files} />}
      <p class="receipt">
        <time dateTime={at}>{clockTime(at, locale)}</time>
        {last && (
          <span class="delivered" data-testid="delivered">
            <CheckIcon />
            {t('accepted')}
          </span>
        )}
      </p>
    </article>
  );
}

export function PendingBubble({ pending, onEdit }: { pending: Pending; onEdit: () => void }): JSX.Element {
  const { t } = useUi();
  const { status } = pending;
  if (pending.file) return <PendingFile pending={pending} part={pending.file.part} />;
  return (
    <article class={`turn citizen pending ${status}`} data-testid="pending" data-status={status}>
      <p class="who sr-only">{t('you')}</p>
      <div class="bubble plain">{pending.text}</div>
      <p class="receipt">
        {status === 'accepted' && <CheckIcon />}
        <span>{t(status)}</span>
        {status === 'failed' && (
          <button type="button" class="quiet" data-testid="edit-again" onClick={onEdit}>
            {t('editAgain')}
          </button>
        )}
      </p>
    </article>
  );
}

/**
 * What a helper with whom this page is shared may read of a message, of which these words are shown: what stands in the helper's
 * own transcript, word for word. The key in a link is the citizen's alone.
 */
function seen(message: Message, words: string): 'show' | 'mask' {
  return message.private === true || SHARE_LINK.test(words) ? 'mask' : 'show';
}

/** A file on its way, with how much of it has gone out. */
function PendingFile({ pending, part }: { pending: Pending; part: number }): JSX.Element {
  const { t, controller } = useUi();
  const { id, status, text } = pending;
  const percent = Math.floor(part * 100);
  return (
    <article class={`turn citizen pending ${status}`} data-testid="pending-file" data-status={status}>
      <p class="who sr-only">{t('you')}</p>
      <div class="bubble plain outgoing-file">
        <FileIcon />
        <span class="file-name">{text}</span>
        {status === 'sending' && <progress max={100} value={percent} aria-label={t('fileSending', { percent })} />}
      </div>
      <p class="receipt">
        {status === 'accepted' && <CheckIcon />}
        <span>{status === 'sending' ? t('fileSending', { percent }) : t(status)}</span>
        {status === 'failed' && (
          <>
            <button type="button" class="quiet" data-testid="file-again" onClick={() => controller.attachAgain(id)}>
              {t('fileAgain')}
            </button>
            <button type="button" class="quiet" data-testid="file-drop" onClick={() => controller.withdraw(id)}>
              {t('fileDrop')}
            </button>
          </>
        )}
      </p>
    </article>
  );
}
