/**
 * The numbers of one direction of a socket, for whoever takes frames out of it or puts some in: those who listen at its
 * end must see them without a gap, and what they acknowledge must be what was sent.
 */
export class Numbers {
  /** The numbers, as they are heard at the end, of frames that nobody sent. */
  private put: number[] = [];
  /** The numbers, as they were sent, of frames that were taken out without a gap. */
  private taken: number[] = [];
  /** The last number that is heard at the end. */
  private last = 0;

  /** A recorder starts, and counts from one. */
  restart(): void {
    this.put = [];
    this.taken = [];
    this.last = 0;
  }
  /** As a frame with this number is heard; 0 is not counted. */
  heard(sent: number): number {
    if (sent === 0) return 0;
    const number = sent - this.taken.filter((one) => one < sent).length + this.put.length;
    this.last = Math.max(this.last, number);
    return number;
  }
  /** The number of one more frame. */
  more(): number {
    this.last += 1;
    this.put.push(this.last);
    return this.last;
  }
  take(sent: number): void {
    this.taken.push(sent);
  }
  /** What the end acknowledges, as its sender counts. */
  sent(heard: number): number {
    const number = heard - this.put.filter((one) => one <= heard).length;
    return number + this.taken.filter((one) => one <= number + this.taken.length).length;
  }
}
