/**
 * Where things of the page lie in our own coordinates. They differ once the page is zoomed by its style, or moved as a whole,
 * because what we draw stands inside it; so they are measured each time.
 */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
  width: number;
  height: number;
}

export interface Place {
  box: (real: DOMRect) => Box;
  /** The window in our coordinates. */
  width: number;
  height: number;
}

const LENGTH = 100;

export function measure(root: HTMLElement): Place {
  let probe = root.querySelector<HTMLElement>('.probe');
  if (!probe) {
    probe = document.createElement('i');
    probe.className = 'probe';
    root.append(probe);
  }
  const at = probe.getBoundingClientRect();
  const scale = at.width > 0 ? at.width / LENGTH : 1;
  const box = (real: DOMRect): Box => {
    const [left, top] = [(real.left - at.left) / scale, (real.top - at.top) / scale];
    const [width, height] = [real.width / scale, real.height / scale];
    return { left, top, right: left + width, bottom: top + height, width, height };
  };
  return { box, width: window.innerWidth / scale, height: window.innerHeight / scale };
}
