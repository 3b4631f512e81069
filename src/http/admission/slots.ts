import { Tally } from '../../tally.js';

/** Something of which there is only so much. */
export interface Share {
  /** Names what is counted. */
  readonly key: string;
  readonly cap: number;
}

/** Counts what is taken of each share. */
export class SlotCounter {
  readonly #taken = new Tally();

  /** How much is taken of a share. */
  taken(key: string): number {
    return this.#taken.get(key);
  }

  /** Whether there is room in all of them. */
  fits(shares: readonly Share[]): boolean {
    return shares.every(({ key, cap }) => this.taken(key) < cap);
  }

  /** Takes one of each; gives back what returns them, once however often it is called. */
  take(shares: readonly Share[]): () => void {
    for (const { key } of shares) this.#taken.add(key);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      for (const { key } of shares) this.#taken.remove(key);
    };
  }
}
