import { openDialog } from '@yikouwen/shared/dialog';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** The pieces that all screens are made of. */

interface CardProps {
  /** Nothing of the citizen's stands in it, so a helper with whom the page is shared may read it. */
  shown?: boolean;
  children: ComponentChildren;
}

export function Card({ shown = false, children }: CardProps): JSX.Element {
  return (
    <div class="card" data-assist={shown ? 'show' : undefined}>
      {children}
    </div>
  );
}

/** What the screen is called; it takes the focus when the screen changes. */
export function Heading({ masked = false, children }: { masked?: boolean; children: ComponentChildren }): JSX.Element {
  return (
    <h1 tabIndex={-1} data-assist={masked ? 'mask' : undefined}>
      {children}
    </h1>
  );
}

interface ButtonProps {
  id: string;
  kind?: 'main' | 'other' | 'quiet';
  busy?: boolean;
  label?: string;
  onPress: () => void;
  children: ComponentChildren;
}

export function Button({ id, kind = 'main', busy = false, label, onPress, children }: ButtonProps): JSX.Element {
  return (
    // Not `disabled`: the button that was pressed must keep the focus.
    <button type="button" class={`button ${kind}`} data-testid={id} aria-disabled={busy} aria-label={label} onClick={() => !busy && onPress()}>
      {children}
    </button>
  );
}

interface AskProps {
  title: string;
  text: string;
  action: string;
  cancel: string;
  busy: boolean;
  onYes: () => void;
  onNo: () => void;
}

/** Asks once before something that cannot be taken back. */
export function Ask({ title, text, action, cancel, busy, onYes, onNo }: AskProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (!element) return undefined;
    const opener = document.activeElement;
    openDialog(element);
    return () => {
      if (typeof element.close === 'function') element.close();
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="ask"
      role="alertdialog"
      aria-labelledby="ask-title"
      aria-describedby="ask-text"
      data-testid="ask"
      onClose={onNo}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        onNo();
      }}
    >
      <h2 id="ask-title">{title}</h2>
      <p id="ask-text" data-assist-show>
        {text}
      </p>
      {/* The harmless answer comes first, where the focus goes. */}
      <Button id="ask-no" kind="other" onPress={onNo}>
        {cancel}
      </Button>
      <Button id="ask-yes" kind="main" busy={busy} onPress={onYes}>
        {action}
      </Button>
    </dialog>
  );
}
