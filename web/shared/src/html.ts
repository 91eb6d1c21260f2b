import { parseMarkdown, type Block, type Inline, type ListBlock } from './markdown';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

function inlineHtml(nodes: Inline[]): string {
  return nodes
    .map((node) => {
      switch (node.kind) {
        case 'text':
          return escapeHtml(node.text);
        case 'break':
          return '<br>';
        case 'strong':
          return `<strong>${inlineHtml(node.children)}</strong>`;
        case 'link':
          return `<a href="${escapeHtml(node.href)}" target="_blank" rel="noopener noreferrer">${inlineHtml(node.children)}</a>`;
        case 'mark':
          return `<sup data-citation="${node.number}">[${node.number}]</sup>`;
      }
    })
    .join('');
}

function listHtml(list: ListBlock): string {
  const items = list.items
    .map((item) => `<li>${inlineHtml(item.children)}${item.sub ? listHtml(item.sub) : ''}</li>`)
    .join('');
  if (!list.ordered) return `<ul>${items}</ul>`;
  return list.start === 1 ? `<ol>${items}</ol>` : `<ol start="${list.start}">${items}</ol>`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'list':
      return listHtml(block);
    case 'heading':
      return `<p class="heading"><strong>${inlineHtml(block.children)}</strong></p>`;
    case 'paragraph':
      return `<p>${inlineHtml(block.children)}</p>`;
  }
}

/** Message text as HTML that is safe to insert: everything is escaped, and only checked addresses become links. */
export function renderMarkdown(source: string): string {
  return parseMarkdown(source).map(blockHtml).join('');
}
