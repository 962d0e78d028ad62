// When a picture is too old to pass for now, and what to say then (pure).

export interface Look {
  /** Of the picture shown; null without one. */
  ageMs: number | null
  fpsTarget: number
  /** Why this page has no connection; empty while it has one. */
  broken: string
  /** The channel's state and reason, as the station tells them. */
  state: string
  why: string
  /** Epoch seconds since when it is so; 0 when not told. */
  since: number
  /** The station's time now, epoch seconds. */
  now: number
}

export interface Verdict {
  sign: 'live' | 'late' | 'lost'
  /** One word. */
  word: string
  why: string
  /** Epoch seconds. */
  since: number | null
}

const STALE_MS = 2000

/** null while the picture is as fresh as it looks. */
export function judge(look: Look): Verdict | null {
  // A source of one frame in ten seconds is not late after two.
  const limit = Math.max(STALE_MS, look.fpsTarget > 0 ? 2500 / look.fpsTarget : 0)
  if (look.ageMs !== null && look.ageMs <= limit) return null
  const shown = look.ageMs === null ? null : look.now - look.ageMs / 1000
  if (look.broken !== '') return { sign: 'lost', word: 'no connection', why: look.broken, since: shown }
  const since = look.since > 0 ? look.since : shown
  switch (look.state) {
    case 'opening':
      return { sign: 'late', word: 'opening', why: look.why || 'the source is being opened', since }
    case 'stopped':
      return { sign: 'lost', word: 'stopped', why: look.why || 'the source was stopped', since }
    case 'lost':
      return { sign: 'lost', word: 'lost', why: look.why || 'the source brings nothing', since }
    default:
      if (look.ageMs === null) return { sign: 'late', word: 'waiting', why: 'no picture has come yet', since: null }
      return { sign: 'late', word: 'late', why: look.why || 'no new picture has come', since: shown }
  }
}
