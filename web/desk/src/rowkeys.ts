import { onScopeDispose, type Ref } from 'vue';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}

/**
 * j and k walk through the rows (elements with `data-row`) of a list from anywhere on the page where nobody is
 * writing; arrows do so once the focus is in the list, since elsewhere they scroll. Enter opens: a row is a button.
 */
export function useRowKeys(list: Readonly<Ref<HTMLElement | null>>): void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const root = list.value;
    if (!root || document.querySelector('[aria-modal="true"]')) return;
    const within = root.contains(document.activeElement);
    const down = event.key === 'j' || (within && event.key === 'ArrowDown');
    const up = event.key === 'k' || (within && event.key === 'ArrowUp');
    if (!down && !up) return;
    const rows = [...root.querySelectorAll<HTMLElement>('[data-row]')];
    const at = rows.findIndex((row) => row === document.activeElement);
    // From outside, j begins at the open row's place or at the top.
    const start = at >= 0 ? at : rows.findIndex((row) => row.getAttribute('aria-current') === 'true');
    const next = rows[Math.min(rows.length - 1, Math.max(0, start + (down ? 1 : -1)))];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: 'nearest' });
  };
  document.addEventListener('keydown', onKey);
  onScopeDispose(() => document.removeEventListener('keydown', onKey));
}
