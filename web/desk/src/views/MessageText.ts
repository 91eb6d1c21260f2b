/** Message Markdown as elements: drawn from a tree that cannot hold HTML, so nothing in a text can become code. */
import { parseMarkdown, type Block, type Inline, type ListBlock } from '@yikouwen/shared/markdown';
import { h, type FunctionalComponent, type VNodeChild } from 'vue';

interface Props {
  text: string;
  /** The accessible name of a mark. */
  markLabel?: (number: number) => string;
}
type Events = { mark: (number: number) => void };

export const MessageText: FunctionalComponent<Props, Events> = ({ text, markLabel }, { emit }) => {
  const inline = (nodes: Inline[]): VNodeChild[] =>
    nodes.map((node) => {
      switch (node.kind) {
        case 'text':
          return node.text;
        case 'break':
          return h('br');
        case 'strong':
          return h('strong', inline(node.children));
        case 'link':
          return h('a', { href: node.href, target: '_blank', rel: 'noopener noreferrer' }, inline(node.children));
        case 'mark':
          return h(
            'button',
            {
              type: 'button',
              class: 'plain mark',
              'aria-label': markLabel?.(node.number),
              'data-testid': 'mark',
              onClick: () => emit('mark', node.number),
            },
            `[${node.number}]`,
          );
      }
    });
  const list = (block: ListBlock): VNodeChild =>
    h(
      block.ordered ? 'ol' : 'ul',
      block.ordered && block.start !== 1 ? { start: block.start } : null,
      block.items.map((item) => h('li', [...inline(item.children), item.sub ? list(item.sub) : null])),
    );
  const draw = (block: Block): VNodeChild => {
    if (block.kind === 'list') return list(block);
    return h('p', block.kind === 'heading' ? [h('strong', inline(block.children))] : inline(block.children));
  };
  return h('div', { class: 'text' }, parseMarkdown(text).map(draw));
};
MessageText.props = ['text', 'markLabel'];
MessageText.emits = ['mark'];
