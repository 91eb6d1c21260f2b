import type { Score } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { TextKey } from '../locale';
import { useUi } from './context';

const SCORES: readonly Score[] = [5, 4, 3, 2, 1];
const names: Record<Score, TextKey> = {
  5: 'rating5',
  4: 'rating4',
  3: 'rating3',
  2: 'rating2',
  1: 'rating1',
};

/** The five levels of the public services' rating, best first, in words: a number alone tells nobody which end is good. */
export function Rating({ id, given }: { id: string; given: Score | undefined }): JSX.Element {
  const { t, controller } = useUi();
  const [score, setScore] = useState<Score>();
  const [comment, setComment] = useState('');
  const submit = useRef<HTMLButtonElement>(null);
  const chosen = score !== undefined;
  useEffect(() => {
    // The button appears below what was just pressed, perhaps out of sight.
    if (chosen) submit.current?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  if (given !== undefined) {
    return (
      <p class="rated" data-testid="rating-thanks" data-assist="block">
        {t('ratingThanks', { score: t(names[given]) })}
      </p>
    );
  }
  return (
    <form
      class="rating"
      data-testid="rating"
      data-assist="block"
      onSubmit={(event) => {
        event.preventDefault();
        if (score !== undefined) controller.rate(score, comment);
      }}
    >
      <fieldset>
        <legend>{t('ratingTitle')}</legend>
        {SCORES.map((one) => (
          <label key={one} class="score" data-testid={`rating-${one}`}>
            <input type="radio" name={`rating-${id}`} value={one} checked={score === one} onChange={() => setScore(one)} />
            <span>{t(names[one])}</span>
          </label>
        ))}
      </fieldset>
      {chosen && (
        <>
          <label class="comment">
            <span>{t('ratingComment')}</span>
            <textarea
              rows={2}
              data-testid="rating-comment"
              value={comment}
              onInput={(event) => setComment(event.currentTarget.value)}
            />
          </label>
          <button ref={submit} type="submit" class="primary" data-testid="rating-submit">
            {t('ratingSubmit')}
          </button>
        </>
      )}
    </form>
  );
}
