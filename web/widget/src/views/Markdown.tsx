import { parseMarkdown, type Block, type Inline, type ListBlock } from '@yikouwen/shared/markdown';
import type { Citation } from '@yikouwen/shared/wire';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { useUi } from './context';

interface Props {
  text: string;
  citations?: Citation[];
}

/** Message text, drawn node by node: no piece of it is ever read as HTML. */
export function Markdown({ text, citations = [] }: Props): JSX.Element {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return (
    <div class="markdown">
      {blocks.map((block, at) => (
        <BlockView key={at} block={block} citations={citations} />
      ))}
    </div>
  );
}

function BlockView({ block, citations }: { block: Block; citations: Citation[] }): JSX.Element {
  switch (block.kind) {
    case 'list':
      return <ListView list={block} citations={citations} />;
    case 'heading':
      return (
        <p>
          <strong>
            <InlineView nodes={block.children} citations={citations} />
          </strong>
        </p>
      );
    case 'paragraph':
      return (
        <p>
          <InlineView nodes={block.children} citations={citations} />
        </p>
      );
  }
}

function ListView({ list, citations }: { list: ListBlock; citations: Citation[] }): JSX.Element {
  const items = list.items.map((item, at) => (
    <li key={at}>
      <InlineView nodes={item.children} citations={citations} />
      {item.sub && <ListView list={item.sub} citations={citations} />}
    </li>
  ));
  return list.ordered ? <ol start={list.start}>{items}</ol> : <ul>{items}</ul>;
}

function InlineView({ nodes, citations }: { nodes: Inline[]; citations: Citation[] }): JSX.Element {
  return (
    <>
      {nodes.map((node, at) => {
        switch (node.kind) {
          case 'text':
            return node.text;
          case 'break':
            return <br key={at} />;
          case 'strong':
            return (
              <strong key={at}>
                <InlineView nodes={node.children} citations={citations} />
              </strong>
            );
          case 'link':
            return (
              <a key={at} href={node.href} {...(node.href.startsWith('tel:') ? {} : away)}>
                <InlineView nodes={node.children} citations={citations} />
              </a>
            );
          case 'mark':
            return <Mark key={at} number={node.number} citations={citations} />;
        }
      })}
    </>
  );
}

/** Links lead to a new window, so that the conversation stays open. */
export const away = { target: '_blank', rel: 'noopener noreferrer' } as const;

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
