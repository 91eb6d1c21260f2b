/** Six digits in a row are somebody's number until shown otherwise; spaces and hyphens between them don't hide it. */

export const DOT = '•';

// The letters of an identity card's last place go with its digits. Full-width digits are digits, too.
const RUN = /[0-9０-９](?:[ \-\u00a0]?[0-9０-９]){5,}[xXｘＸ]?/g;

/** The text with every run of six or more digits as dots. */
export function dotDigits(text: string): string {
  return text.replace(RUN, (run) => DOT.repeat(Math.min(run.length, 8)));
}

/** Dots for a text; their number tells no more than that it is short. */
export function dots(text: string): string {
  return DOT.repeat(Math.min(Array.from(text.trim()).length, 8));
}
