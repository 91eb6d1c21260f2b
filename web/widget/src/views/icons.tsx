import type { ComponentChildren, JSX } from 'preact';

function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const SendIcon = (): JSX.Element => (
  <Icon>
    <path d="M12 20V5M5.5 11.5 12 5l6.5 6.5" />
  </Icon>
);
export const HumanIcon = (): JSX.Element => (
  <Icon>
    <path d="M4 14v-2a8 8 0 0 1 16 0v2M4 14h3v5H5.5a1.5 1.5 0 0 1-1.5-1.5zM20 14h-3v5h1.5a1.5 1.5 0 0 0 1.5-1.5zM18 19c0 1.5-2 2.5-5 2.5" />
  </Icon>
);
export const ChatIcon = (): JSX.Element => (
  <Icon>
    <path d="M4 5h16v11H11l-4 4v-4H4zM8.5 9.5h7M8.5 12.5h4" />
  </Icon>
);
export const DownIcon = (): JSX.Element => (
  <Icon>
    <path d="M12 5v14M6 13l6 6 6-6" />
  </Icon>
);
export const CloseIcon = (): JSX.Element => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);
export const StopIcon = (): JSX.Element => (
  <Icon>
    <path d="M7 7h10v10H7z" />
  </Icon>
);
export const AttachIcon = (): JSX.Element => (
  <Icon>
    <path d="M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7L9.7 17.2a1.6 1.6 0 0 1-2.4-2.3l7.5-7.4" />
  </Icon>
);
export const CameraIcon = (): JSX.Element => (
  <Icon>
    <path d="M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6z" />
  </Icon>
);
export const FileIcon = (): JSX.Element => (
  <Icon>
    <path d="M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6" />
  </Icon>
);
export const CheckIcon = (): JSX.Element => (
  <Icon>
    <path d="M5 12.5l4.5 4.5L19 7.5" />
  </Icon>
);
export const PhoneIcon = (): JSX.Element => (
  <Icon>
    <path d="M6 4h3l1.5 4.5-2 1.5a12 12 0 0 0 5.5 5.5l1.5-2L20 15v3a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z" />
  </Icon>
);
export const MapIcon = (): JSX.Element => (
  <Icon>
    <path d="M12 21s7-6.2 7-11a7 7 0 0 0-14 0c0 4.8 7 11 7 11zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z" />
  </Icon>
);
export const UsefulIcon = (): JSX.Element => (
  <Icon>
    <path d="M8 11l3.5-7c1.5 0 2.5 1 2.5 2.5V10h4.5a1.5 1.5 0 0 1 1.5 1.8l-1.2 6.5a2 2 0 0 1-2 1.7H8zM8 20H4v-9h4" />
  </Icon>
);
export const UselessIcon = (): JSX.Element => (
  <Icon>
    <path d="M16 13l-3.5 7c-1.5 0-2.5-1-2.5-2.5V14H5.5A1.5 1.5 0 0 1 4 12.2l1.2-6.5a2 2 0 0 1 2-1.7H16zM16 4h4v9h-4" />
  </Icon>
);
