// How far the station's clock is from ours (pure).

const KEPT = 8

/**
 * Estimates by question and answer. Of the last few answers the quickest is believed: it had the least room for an
 * error, which is at most half of its round trip. An average was rejected: one answer that waited spoils it.
 */
export class ClockOffset {
  private readonly answers: { round: number; offset: number }[] = []

  /** Asked at `sentMs` and answered at `gotMs` by our clock, with the station's time `serverMs`. */
  note(sentMs: number, serverMs: number, gotMs: number): void {
    if (gotMs < sentMs) return // our clock was set back meanwhile
    this.answers.push({ round: gotMs - sentMs, offset: serverMs - (sentMs + gotMs) / 2 })
    if (this.answers.length > KEPT) this.answers.shift()
  }

  /** By how many ms the station is ahead; null before the first answer. */
  get ms(): number | null {
    let best: { round: number; offset: number } | null = null
    for (const each of this.answers) if (best === null || each.round < best.round) best = each
    return best === null ? null : best.offset
  }
}
