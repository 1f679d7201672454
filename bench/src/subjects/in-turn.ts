/** The two servers in turn, for peers that leave the choice to their host. */
export function inTurn<T>([first, second]: readonly [T, T]): () => T {
  let even = false
  return () => {
    even = !even
    return even ? first : second
  }
}
