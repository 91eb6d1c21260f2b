/**
 * Opens a dialog of ours: modal, but beside the page while that is shared, because what ends a share must stay within reach, and
 * a modal dialog puts everything else out of it. So do browsers without modal dialogs; its buttons and Esc still close it.
 */
export function openDialog(dialog: HTMLDialogElement): void {
  const isShared = document.querySelector('[data-yikouwen-assist]') !== null;
  if (typeof dialog.showModal === 'function' && !isShared) dialog.showModal();
  else {
    dialog.classList.add('beside');
    dialog.setAttribute('open', '');
  }
}
