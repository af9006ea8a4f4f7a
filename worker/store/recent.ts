/** What an isolate remembers of what it read: the values that were asked for last, within a bound. */
export class Recent<T> {
  readonly #most: number;
  readonly #sizeOf: (value: T) => number;
  readonly #known = new Map<string, T>();
  #size = 0;

  /** `most`: largest sum of sizes; every value counts 1 unless `sizeOf` says otherwise. */
  constructor(most: number, sizeOf: (value: T) => number = () => 1) {
    this.#most = most;
    this.#sizeOf = sizeOf;
  }

  find(key: string): T | undefined {
    const value = this.#known.get(key);
    if (value !== undefined) {
      this.#known.delete(key);
      this.#known.set(key, value);
    }
    return value;
  }

  keep(key: string, value: T): void {
    this.forget(key);
    this.#known.set(key, value);
    this.#size += this.#sizeOf(value);
    for (const oldest of this.#known.keys()) {
      if (this.#size <= this.#most) break;
      this.forget(oldest);
    }
  }

  forget(key: string): void {
    const value = this.#known.get(key);
    if (value === undefined) return;
    this.#known.delete(key);
    this.#size -= this.#sizeOf(value);
  }
}
