// Which technology brings the pictures (pure).

export type Codec = 'jpeg' | 'h264' | 'fmp4'

export interface Abilities {
  /** VideoDecoder is there: only where the page is a secure context. */
  webCodecs: boolean
  /** MediaSource takes H.264. */
  mediaSource: boolean
}

export interface Chosen {
  codec: Codec
  /** The user said so: nothing changes it. */
  forced: boolean
  why: string
}

/** H.264 as this browser can have it; null when it cannot. */
export function h264For(able: Abilities): Codec | null {
  return able.webCodecs ? 'h264' : able.mediaSource ? 'fmp4' : null
}

/** The address (`via`) comes first, then the saved choice, then JPEG. */
export function choose(via: string, saved: string, able: Abilities): Chosen {
  for (const [wish, who] of [
    [via, 'the address'],
    [saved, 'your settings'],
  ] as const) {
    if (wish === '' || wish === 'auto') continue
    if (wish === 'jpeg') return { codec: 'jpeg', forced: true, why: `asked for by ${who}` }
    if (wish === 'h264' && able.webCodecs) return { codec: 'h264', forced: true, why: `asked for by ${who}` }
    if ((wish === 'h264' || wish === 'fmp4') && able.mediaSource) {
      const why = wish === 'h264' ? `${who} asked for h264, which needs https or localhost` : `asked for by ${who}`
      return { codec: 'fmp4', forced: true, why }
    }
    return { codec: 'jpeg', forced: true, why: `${who} asked for ${wish}, which this browser cannot show` }
  }
  return { codec: 'jpeg', forced: false, why: 'JPEG, the quickest' }
}

const REST_MS = 60_000

/**
 * What to do when the station says that another codec would serve better: it measures what each viewer's line
 * carries. The page decides: never against the user, never on a pinned tile, at most one change a minute, and only
 * to what this browser can show. null: stay.
 */
export function follow(
  advice: { codec: string; why: string },
  now: { chosen: Chosen; hold: boolean; sinceChangeMs: number },
  able: Abilities,
): Chosen | null {
  if (now.chosen.forced || now.hold || now.sinceChangeMs < REST_MS) return null
  const codec = advice.codec === 'jpeg' ? 'jpeg' : h264For(able)
  if (codec === null || codec === now.chosen.codec) return null
  return { codec, forced: false, why: advice.why }
}
