/** What the desk and the frame that draws the citizen's page say to each other. Only the frame ever reads recorded events. */
import type { Forbidden } from '@yikouwen/shared/assist/touch';

/** Something on the page that was pressed. */
export interface Picked {
  node: number;
  /** What it is called, for people. */
  words: string;
  /** A field that a value could be proposed for, or why not. */
  field?: {
    name: string;
    label: string;
    kind: 'text' | 'long' | 'choice' | 'select';
    options: { value: string; text: string }[];
    /** What of the value is shown to the helper. */
    shown: string;
    forbidden?: Forbidden;
    /** Not shown to the helper: by which class. */
    hidden?: 'mask' | 'tail4' | 'block';
  };
}

export type ToViewer =
  | { t: 'bulk'; kind: number; body: ArrayBuffer }
  | { t: 'digest'; nodes: number; hash: number }
  | { t: 'ptr'; node: number; dx: number; dy: number }
  | { t: 'scroll'; node: number; x: number; y: number }
  | { t: 'mark'; id: string; node: number; text: string; seconds: number }
  | { t: 'unmark'; id?: string }
  | { t: 'empty' };

export type FromViewer =
  | { t: 'ready' }
  | { t: 'shown'; width: number; height: number; milliseconds: number }
  | { t: 'stale'; reason: string }
  | { t: 'synced'; equal: boolean }
  | { t: 'hover'; node: number; dx: number; dy: number }
  | { t: 'picked'; picked: Picked };
