import { parseMarkdown, type Block, type Inline, type ListBlock } from '@yikouwen/shared/markdown';
import { Fragment, type ComponentChild, type JSX } from 'preact';
import { useMemo } from 'preact/hooks';

/** How a mark such as [1] is drawn. */
export type DrawMark = (number: number) => ComponentChild;

/** Message text, drawn node by node: no piece of it is ever read as HTML. */
export function MarkdownTree({ text, mark }: { text: string; mark: DrawMark }): JSX.Element {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return (
    <div class="markdown">
      {blocks.map((block, at) => (
        <BlockView key={at} block={block} mark={mark} />
      ))}
    </div>
  );
}

function BlockView({ block, mark }: { block: Block; mark: DrawMark }): JSX.Element {
  switch (block.kind) {
    case 'list':
      return <ListView list={block} mark={mark} />;
    case 'heading':
      return (
        <p>
          <strong>
            <InlineView nodes={block.children} mark={mark} />
          </strong>
        </p>
      );
    case 'paragraph':
      return (
        <p>
          <InlineView nodes={block.children} mark={mark} />
        </p>
      );
  }
}

function ListView({ list, mark }: { list: ListBlock; mark: DrawMark }): JSX.Element {
  const items = list.items.map((item, at) => (
    <li key={at}>
      <InlineView nodes={item.children} mark={mark} />
      {item.sub && <ListView list={item.sub} mark={mark} />}
    </li>
  ));
  return list.ordered ? <ol start={list.start}>{items}</ol> : <ul>{items}</ul>;
}

function InlineView({ nodes, mark }: { nodes: Inline[]; mark: DrawMark }): JSX.Element {
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
                <InlineView nodes={node.children} mark={mark} />
              </strong>
            );
          case 'link':
            return (
              <a key={at} href={node.href} {...(node.href.startsWith('tel:') ? {} : away)}>
                <InlineView nodes={node.children} mark={mark} />
              </a>
            );
          case 'mark':
            return <Fragment key={at}>{mark(node.number)}</Fragment>;
        }
      })}
    </>
  );
}

/** Links lead to a new window, so that the conversation stays open. */
export const away = { target: '_blank', rel: 'noopener noreferrer' } as const;
