import type { Call, Choice, Citation, Message } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';

import { useUi } from './context';
import { CheckIcon, HumanIcon, PhoneIcon, UsefulIcon, UselessIcon } from './icons';

/** What hangs under a message: its sources, and what can be done about it. */

export function Sources({ citations }: { citations: Citation[] }): JSX.Element {
  const { t, openSource } = useUi();
  return (
    <div class="sources">
      <p class="label">{t('sources')}</p>
      <ul>
        {citations.map((citation) => (
          <li key={citation.number}>
            <button type="button" class="source" data-testid="citation-chip" onClick={() => openSource(citation)}>
              <span class="number" aria-hidden="true">
                {citation.number}
              </span>
              <span class="source-text">
                <span class="source-title">{citation.title}</span>
                {citation.department !== undefined && <span class="source-from">{citation.department}</span>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Calls({ calls }: { calls: Call[] }): JSX.Element {
  const { t } = useUi();
  return (
    <div class="calls">
      {calls.map((call) => (
        <a
          key={call.number}
          class="call"
          data-testid="call-button"
          href={`tel:${call.number.replace(/[^\d+]/g, '')}`}
          aria-label={t('callLabel', { label: call.label, number: call.number })}
        >
          <PhoneIcon />
          <span>{call.label}</span>
          <strong>{call.number}</strong>
        </a>
      ))}
    </div>
  );
}

interface ChoicesProps {
  choices: Choice[];
  /** False once the conversation has moved on. */
  open: boolean;
  picked: string | undefined;
  onPick: (choice: Choice) => void;
}

export function Choices({ choices, open, picked, onPick }: ChoicesProps): JSX.Element {
  const { t } = useUi();
  const usable = open && picked === undefined;
  return (
    <div class="choices" role="group" aria-label={t('choicesLabel')}>
      {choices.map((choice) => (
        <button
          key={choice.key}
          type="button"
          class={picked === choice.key ? 'choice picked' : 'choice'}
          data-testid="choice"
          data-key={choice.key}
          // Not `disabled`: the button that was pressed must keep the focus.
          aria-disabled={!usable}
          aria-pressed={picked === choice.key}
          onClick={() => usable && onPick(choice)}
        >
          {picked === choice.key && <CheckIcon />}
          {/* The words above say that the number may be sent instead. */}
          <span class="ordinal">{choice.key}</span>
          {choice.label}
        </button>
      ))}
    </div>
  );
}

export function FeedbackButtons({ message, given }: { message: Message; given: Message['feedback'] }): JSX.Element {
  const { t, controller } = useUi();
  return (
    <div class="feedback" role="group" aria-label={t('feedbackLabel')}>
      <button
        type="button"
        class="quiet"
        data-testid="feedback-useful"
        aria-pressed={given === 'useful'}
        onClick={() => given !== 'useful' && controller.feedback(message.id, true)}
      >
        <UsefulIcon />
        {t('useful')}
      </button>
      <button
        type="button"
        class="quiet"
        data-testid="feedback-useless"
        aria-pressed={given === 'useless'}
        onClick={() => given !== 'useless' && controller.feedback(message.id, false)}
      >
        <UselessIcon />
        {t('useless')}
      </button>
      {given !== undefined && (
        <span class="thanks" data-testid="feedback-thanks">
          {t(given === 'useful' ? 'thanksUseful' : 'thanksUseless')}
        </span>
      )}
    </div>
  );
}

export function HumanOffer(): JSX.Element {
  const { t, controller } = useUi();
  return (
    <button type="button" class="offer" data-testid="offer-human" onClick={() => controller.human()}>
      <HumanIcon />
      {t('humanOffer')}
    </button>
  );
}
