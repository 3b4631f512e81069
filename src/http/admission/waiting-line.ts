/** Where an entry of a line stands: rounds are counted per client, arrivals for all. */
interface Place<Entry> {
  readonly entry: Entry;
  readonly round: number;
  readonly arrival: number;
}

let arrivals = 0;

/**
 * A line of bounded length in which clients take turns. Every client has one place in a round; what it wants beyond that
 * goes into later rounds, and a client that comes anew joins the next round. So nobody waits for more than one request of
 * each other client, and a round that has begun gets no longer.
 */
export class WaitingLine<Entry extends { readonly client: string }> {
  readonly #maxLength: number;
  /** In the order in which they are served. */
  #places: Place<Entry>[] = [];
  #round = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get length(): number {
    return this.#places.length;
  }

  /**
   * Lines an entry up. In a line that is full, whichever client has most in it loses its last place: gives back the entry
   * that is in no line, which may be the new one.
   */
  join(entry: Entry): Entry | undefined {
    const dropped = this.#places.length < this.#maxLength ? undefined : this.#lastOfGreediest(entry);
    if (dropped === entry) return entry;
    if (dropped) this.leave(dropped);
    const last = this.#places.findLast((place) => place.entry.client === entry.client)?.round ?? 0;
    const round = Math.max(this.#round, last) + 1;
    const behind = this.#places.findLastIndex((place) => place.round <= round);
    this.#places.splice(behind + 1, 0, { entry, round, arrival: (arrivals += 1) });
    return dropped;
  }

  /** Takes an entry out of the line, wherever it stands. */
  leave(entry: Entry): void {
    this.#places = this.#places.filter((place) => place.entry !== entry);
  }

  /** The first entry that is ready, and a number by which it can be compared with those of other lines: the lower, the longer it waits. */
  first(isReady: (entry: Entry) => boolean): { readonly entry: Entry; readonly arrival: number } | undefined {
    return this.#places.find((place) => isReady(place.entry));
  }

  /** Takes an entry out because it is its turn. */
  serve(entry: Entry): void {
    const round = this.#places.find((place) => place.entry === entry)?.round ?? 0;
    this.#round = Math.max(this.#round, round);
    this.leave(entry);
  }

  /** Empties the line. */
  clear(): Entry[] {
    const entries = this.#places.map((place) => place.entry);
    this.#places = [];
    return entries;
  }

  /** Of the client with the most places, the new entry's counted with them; of several such clients, the latest place. */
  #lastOfGreediest(entry: Entry): Entry {
    const counts = new Map([[entry.client, 1]]);
    for (const {
      entry: { client },
    } of this.#places)
      counts.set(client, (counts.get(client) ?? 0) + 1);
    const most = Math.max(...counts.values());
    if (counts.get(entry.client) === most) return entry;
    return this.#places.findLast((place) => counts.get(place.entry.client) === most)?.entry ?? entry;
  }
}
