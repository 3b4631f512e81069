/** Something of which there is only so much. */
export interface Share {
  /** Names what is counted. */
  readonly key: string;
  readonly cap: number;
}

/** Counts what is taken of each share. */
export class SlotCounter {
  readonly #taken = new Map<string, number>();

  /** How much is taken of a share. */
  taken(key: string): number {
    return this.#taken.get(key) ?? 0;
  }

  /** Whether there is room in all of them. */
  fits(shares: readonly Share[]): boolean {
    return shares.every(({ key, cap }) => this.taken(key) < cap);
  }

  /** Takes one of each; gives back what returns them, once however often it is called. */
  take(shares: readonly Share[]): () => void {
    for (const { key } of shares) this.#taken.set(key, this.taken(key) + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      for (const { key } of shares) this.#give(key);
    };
  }

  #give(key: string): void {
    const left = this.taken(key) - 1;
    if (left > 0) this.#taken.set(key, left);
    else this.#taken.delete(key);
  }
}
