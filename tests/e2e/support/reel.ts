/** The pictures of a story, page beside page, as one that moves. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from '@playwright/test';
import gifenc from 'gifenc';
import { PNG } from 'pngjs';

const { GIFEncoder, applyPalette, quantize } = gifenc;

/** Colours of a picture, and between the pages that stand beside each other. */
const COLOURS = 96;
const GAP = 12;
const PAPER = [226, 232, 240, 255] as const;

export class Reel {
  private readonly frames: { image: PNG; delay: number }[] = [];

  constructor(private readonly directory: string) {}

  /** Takes the next picture: these pages beside each other, shown for so many milliseconds. */
  async take(delay: number, ...pages: Page[]): Promise<void> {
    const shots = await Promise.all(pages.map(async (page) => PNG.sync.read(await page.screenshot({ animations: 'disabled', caret: 'hide' }))));
    const width = shots.reduce((sum, shot) => sum + shot.width + GAP, GAP);
    const height = Math.max(...shots.map((shot) => shot.height)) + 2 * GAP;
    const image = new PNG({ width, height });
    for (let at = 0; at < image.data.length; at += 4) image.data.set(PAPER, at);
    let left = GAP;
    for (const shot of shots) {
      PNG.bitblt(shot, image, 0, 0, shot.width, shot.height, left, GAP);
      left += shot.width + GAP;
    }
    this.frames.push({ image, delay });
    await mkdir(this.directory, { recursive: true });
    await writeFile(join(this.directory, `${String(this.frames.length).padStart(2, '0')}.png`), PNG.sync.write(image));
  }

  get length(): number {
    return this.frames.length;
  }

  /** One picture that moves; its size in bytes. */
  async write(path: string): Promise<number> {
    const gif = GIFEncoder();
    for (const { image, delay } of this.frames) {
      const { width, height } = image;
      const data = new Uint8Array(image.data);
      const palette = quantize(data, COLOURS);
      gif.writeFrame(applyPalette(data, palette), width, height, { palette, delay });
    }
    gif.finish();
    const bytes = gif.bytes();
    await writeFile(path, bytes);
    return bytes.length;
  }
}
