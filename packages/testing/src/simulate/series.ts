/** Numbers in the order they came, eight bytes each; grows by doubling. */
export class Series {
  length = 0
  private values = new Float64Array(1024)

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new Float64Array(this.length * 2)
      grown.set(this.values)
      this.values = grown
    }
    this.values[this.length++] = value
  }

  at(index: number): number {
    return this.values[index]!
  }

  /** A copy, from small to large. */
  sorted(): Float64Array {
    return this.values.slice(0, this.length).sort()
  }
}
