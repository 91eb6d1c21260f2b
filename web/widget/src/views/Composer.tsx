import type { JSX, RefObject, TargetedKeyboardEvent } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import { isInApp } from '../inapp';
import { isWriting, withHuman, type State } from '../state';
import { useUi } from './context';
import { AttachIcon, CameraIcon, HumanIcon, SendIcon, StopIcon } from './icons';
import { useSuggestions } from './useSuggestions';

interface Props {
  state: State;
  /** The box grows with its letters. */
  large: boolean;
  words: string;
  onWords: (words: string) => void;
  box: RefObject<HTMLTextAreaElement | null>;
}

/** What a phone or a computer offers to choose from; the server decides by the content. */
const ACCEPTED =
  'image/*,audio/*,video/mp4,.pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.wps,.et,.dps,.odt,.ods,.odp,.ofd,.txt';

/** The ask box: suggestions above it, and beside it the way to a person, which is never out of sight. */
export function Composer({ state, large, words, onWords, box }: Props): JSX.Element {
  const { t, controller } = useUi();
  const [composing, setComposing] = useState(false);
  const [shut, setShut] = useState(true);
  const [active, setActive] = useState(-1);
  const list = useSuggestions(controller.api, words, !shut && !composing && !withHuman(state.stage));
  const open = !shut && list.length > 0;
  useEffect(() => setActive(-1), [words, open]);

  const placeholder = t(withHuman(state.stage) ? 'askPlaceholderHelper' : 'askPlaceholder');
  useLayoutEffect(() => {
    const fit = (): void => {
      const area = box.current;
      if (!area) return;
      area.style.height = 'auto';
      area.style.height = `${area.scrollHeight + 4}px`;
    };
    fit();
    window.addEventListener('resize', fit);
    return () => window.removeEventListener('resize', fit);
  }, [box, words, placeholder, large]);

  const send = (text: string): void => {
    if (text.trim() === '') return;
    controller.say(text);
    onWords('');
    setShut(true);
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>): void => {
    // An Enter that ends an input method's composition picks a word; Safari reports it with this key code only.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing newer says it there
    if (event.isComposing || composing || event.keyCode === 229) return;
    const chosen = open ? list[active] : undefined;
    if (open && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      // One place more than there are suggestions: past either end lies the box itself.
      setActive(((active + 1 + step + list.length + 1) % (list.length + 1)) - 1);
    } else if (open && event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      setShut(true);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send(chosen?.text ?? words);
    }
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send(words);
        box.current?.focus();
      }}
    >
      <p class="sr-only" role="status">
        {open ? t('suggestionCount', { count: list.length }) : ''}
      </p>
      {open && (
        <ul class="suggestions" id="suggestions" role="listbox" aria-label={t('suggestions')} data-testid="suggestions">
          {list.map((one, at) => (
            <li
              key={one.id + one.text}
              id={`suggestion-${at}`}
              role="option"
              aria-selected={at === active}
              data-testid="suggestion"
              // Before the click the box would lose its focus, and the list would be gone.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => send(one.text)}
            >
              {one.text}
            </li>
          ))}
        </ul>
      )}
      <Tools state={state} />
      <div class="ask">
        <label class="sr-only" for="ask-box">
          {t('askLabel')}
        </label>
        <textarea
          ref={box}
          id="ask-box"
          rows={1}
          data-testid="ask-box"
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={open ? 'suggestions' : undefined}
          aria-activedescendant={open && active >= 0 ? `suggestion-${active}` : undefined}
          placeholder={placeholder}
          enterkeyhint="send"
          autocomplete="off"
          value={words}
          onInput={(event) => {
            onWords(event.currentTarget.value);
            setShut(false);
            controller.typing();
          }}
          onCompositionStart={() => setComposing(true)}
          onCompositionEnd={(event) => {
            setComposing(false);
            onWords(event.currentTarget.value);
          }}
          onBlur={() => setShut(true)}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            const files = [...(event.clipboardData?.files ?? [])];
            if (files.length === 0) return;
            event.preventDefault();
            controller.attach(files);
          }}
        />
        <button type="submit" class="send" data-testid="send" aria-label={t('send')} aria-disabled={words.trim() === ''}>
          <SendIcon />
        </button>
      </div>
    </form>
  );
}

interface AttachProps {
  label: string;
  /** Absent for anything. */
  accept: string | undefined;
  /** Opens the camera on phones; there is no such button elsewhere. */
  capture?: boolean;
  testid: string;
  children: JSX.Element;
}

/** A button that chooses files. It is a button of its own, since a file field cannot be made to look like one. */
function Attach({ label, accept, capture = false, testid, children }: AttachProps): JSX.Element {
  const { controller } = useUi();
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class={capture ? 'tool camera' : 'tool attach'}
        data-testid={testid}
        onClick={() => field.current?.click()}
      >
        {children}
        <span class="tool-label">{label}</span>
      </button>
      <input
        ref={field}
        type="file"
        hidden
        tabIndex={-1}
        accept={accept}
        multiple={!capture}
        {...(capture ? { capture: 'environment' } : {})}
        data-testid={`${testid}-field`}
        onChange={(event) => {
          controller.attach([...(event.currentTarget.files ?? [])]);
          // The same file may be chosen again.
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}

function Tools({ state }: { state: State }): JSX.Element {
  const { t, controller } = useUi();
  const over = state.stage === 'closed' || state.stage === 'left_message';
  const taken = withHuman(state.stage) || state.stage === 'wrap_up';
  return (
    <div class="tools">
      {!taken && (
        <button
          type="button"
          class="tool human"
          data-testid="human-button"
          aria-disabled={state.askingHuman}
          onClick={() => controller.human()}
        >
          <HumanIcon />
          {t(state.askingHuman ? 'humanAsking' : 'human')}
        </button>
      )}
      {over && (
        <button type="button" class="tool" data-testid="new-conversation" onClick={() => controller.begin()}>
          {t('newConversation')}
        </button>
      )}
      <div class="attachments">
        <Attach label={t('attach')} accept={isInApp() ? undefined : ACCEPTED} testid="attach">
          <AttachIcon />
        </Attach>
        <Attach label={t('camera')} accept="image/*" capture testid="camera">
          <CameraIcon />
        </Attach>
      </div>
      {isWriting(state) && (
        <button type="button" class="tool" data-testid="stop" onClick={() => controller.stopAnswer()}>
          <StopIcon />
          {t('stop')}
        </button>
      )}
    </div>
  );
}
