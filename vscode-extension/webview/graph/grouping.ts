/** Like `Map.groupBy`, which the oldest editor that we support doesn't have everywhere. */
export function groupBy<K, T>(items: Iterable<T>, key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const of = key(item);
    const group = groups.get(of);
    if (group) {
      group.push(item);
    } else {
      groups.set(of, [item]);
    }
  }
  return groups;
}
