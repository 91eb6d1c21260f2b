/** Enter sends, alone or with Ctrl or Cmd; Shift+Enter is a new line; Enter that picks a word of an input method is neither. */
export function isSendKey(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' || event.shiftKey || event.altKey) return false;
  // Safari ends the composition before this event; the old key code is the one sign that still tells.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  return !event.isComposing && event.keyCode !== 229;
}
