/** A collection from which the smallest entry comes out first; entries with the same key in the order of their arrival. */
export interface MinHeap<T> {
  readonly size: number;
  push(key: number, value: T): void;
  /** Returns the smallest entry, which stays; undefined if there is no entry. */
  first(): { readonly key: number; readonly value: T } | undefined;
  /** Removes the smallest entry and returns it. */
  pop(): { readonly key: number; readonly value: T } | undefined;
}

interface Entry<T> {
  readonly key: number;
  readonly arrival: number;
  readonly value: T;
}

/** Returns an empty binary heap: O(log n) for `push` and `pop`. */
export function createMinHeap<T>(): MinHeap<T> {
  const entries: Entry<T>[] = [];
  let arrivals = 0;

  const isBefore = (one: number, other: number): boolean => {
    const [left, right] = [entries[one]!, entries[other]!];
    return left.key < right.key || (left.key === right.key && left.arrival < right.arrival);
  };
  const swap = (one: number, other: number): void => {
    [entries[one], entries[other]] = [entries[other]!, entries[one]!];
  };
  const rise = (start: number): void => {
    for (let at = start, above = (at - 1) >> 1; at > 0 && isBefore(at, above); above = (at - 1) >> 1) {
      swap(at, above);
      at = above;
    }
  };
  const sink = (): void => {
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      if (left >= entries.length) return;
      const smaller = right < entries.length && isBefore(right, left) ? right : left;
      if (!isBefore(smaller, at)) return;
      swap(at, smaller);
      at = smaller;
    }
  };

  return {
    get size() {
      return entries.length;
    },
    push: (key, value) => {
      entries.push({ key, arrival: arrivals++, value });
      rise(entries.length - 1);
    },
    first: () => entries[0],
    pop: () => {
      const smallest = entries[0];
      const last = entries.pop();
      if (last && last !== smallest) {
        entries[0] = last;
        sink();
      }
      return smallest;
    },
  };
}
