import type { Citation } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';

import { useUi } from './context';
import { MarkdownTree } from './MarkdownTree';

interface Props {
  text: string;
  citations?: Citation[];
}

/** Message text whose marks open the source they point at. */
export function Markdown({ text, citations = [] }: Props): JSX.Element {
  return <MarkdownTree text={text} mark={(number) => <Mark number={number} citations={citations} />} />;
}

function Mark({ number, citations }: { number: number; citations: Citation[] }): JSX.Element {
  const { t, openSource } = useUi();
  const citation = citations.find((one) => one.number === number);
  if (!citation) return <>{`[${number}]`}</>;
  return (
    <button
      type="button"
      class="mark"
      data-testid="citation-mark"
      aria-label={t('openSource', { number, title: citation.title })}
      onClick={() => openSource(citation)}
    >
      {number}
    </button>
  );
}
