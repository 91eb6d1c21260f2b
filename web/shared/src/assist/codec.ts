/** Binary frames: one byte of kind, epoch and sequence as big-endian u32, then deflate-raw of a JSON array of events. */

export const SNAP = 1;
export const INC = 2;
export type BulkKind = typeof SNAP | typeof INC;

const HEAD = 9;

export interface Bulk {
  kind: BulkKind;
  epoch: number;
  seq: number;
  body: Uint8Array;
}

export function packBulk({ kind, epoch, seq, body }: Bulk): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEAD + body.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, epoch);
  view.setUint32(5, seq);
  frame.set(body, HEAD);
  return frame;
}

/** Nothing, when it is no such frame. */
export function unpackBulk(frame: ArrayBuffer): Bulk | undefined {
  if (frame.byteLength < HEAD) return undefined;
  const view = new DataView(frame);
  const kind = view.getUint8(0);
  if (kind !== SNAP && kind !== INC) return undefined;
  return { kind, epoch: view.getUint32(1), seq: view.getUint32(5), body: new Uint8Array(frame, HEAD) };
}

/** Old browsers can't: there a page can't be shared. */
export function canDeflate(): boolean {
  return typeof CompressionStream === 'function';
}

export async function deflate(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Refuses to grow beyond `most` bytes, whatever a hostile body would become. */
export async function inflate(body: Uint8Array, most: number): Promise<string> {
  const source = new Blob([body as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = source.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new RangeError('the frame inflates to more than it may');
    }
    parts.push(value);
  }
  return new Blob(parts).text();
}
