/**
 * Opens a dialog of ours: modal, but beside the page while that is shared, because what ends a share must stay within reach, and
 * a modal dialog puts everything else out of it. So do browsers without modal dialogs; its buttons and Esc still close it.
 */
export function openDialog(dialog: HTMLDialogElement): void {
  // The script is there before it shows anything.
  const isShared = document.querySelector('[data-yikouwen-assist], script[data-page]') !== null;
  if (typeof dialog.showModal === 'function' && !isShared) dialog.showModal();
  else {
    dialog.classList.add('beside');
    // Shown by its method it takes the focus, so that Esc is heard.
    if (typeof dialog.show === 'function') dialog.show();
    else dialog.setAttribute('open', '');
  }
}
