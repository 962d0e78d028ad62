// What the address bar says, and back (pure). A link shows a colleague the same thing.

export const SCREENS = ['live', 'timeline', 'jobs', 'pipeline', 'settings'] as const
export type Screen = (typeof SCREENS)[number]

export interface Place {
  screen: Screen
  /** Whose channels are shown; empty: those of all stations. */
  station: string
  /** The enlarged tile, or the channel of the timeline. */
  channel: string
  /** The moment looked at; null: now. */
  t: number | null
  /** What the timeline's bars span. */
  from: number | null
  to: number | null
  /** What is marked for export. */
  mark_in: number | null
  mark_out: number | null
  edge: string
  /** Which jobs: empty, "open", "done" or "failed". */
  jobs: string
  find: string
  /** The technology asked for in the address: "jpeg", "h264" or "fmp4". */
  via: string
}

export const HOME: Place = {
  screen: 'live',
  station: '',
  channel: '',
  t: null,
  from: null,
  to: null,
  mark_in: null,
  mark_out: null,
  edge: '',
  jobs: '',
  find: '',
  via: '',
}

const TIMES: readonly [keyof Place & ('t' | 'from' | 'to' | 'mark_in' | 'mark_out'), string][] = [
  ['t', 't'],
  ['from', 'from'],
  ['to', 'to'],
  ['mark_in', 'in'],
  ['mark_out', 'out'],
]
const WORDS = ['station', 'channel', 'edge', 'jobs', 'find', 'via'] as const

/** Epoch seconds from "1763737402.123" or ISO 8601; null for anything else. */
export function parseTime(text: string | null): number | null {
  if (text === null || text === '') return null
  const number = Number(text)
  if (Number.isFinite(number)) return number
  // Dates keep milliseconds only, and a frame is found by its microseconds.
  const [, whole, part, zone] = /^(.*:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? [undefined, text, '', '']
  const ms = Date.parse(`${whole}${zone ?? ''}`)
  return Number.isNaN(ms) ? null : Math.round((ms / 1000 + Number(part || 0)) * 1e6) / 1e6
}

/** ISO 8601 with as many decimals as a frame's time needs. */
export function formatTime(t: number): string {
  const us = Math.round(t * 1e6)
  const iso = new Date(Math.floor(us / 1000)).toISOString()
  const rest = us % 1000
  return rest === 0 ? iso : `${iso.slice(0, -1)}${String(rest).padStart(3, '0')}Z`
}

/** The place that an address names; what it does not name, or names wrongly, is as at home. */
export function parsePlace(search: string): Place {
  const given = new URLSearchParams(search)
  const place: Place = { ...HOME }
  const screen = given.get('screen')
  const known = SCREENS.find((each) => each === screen)
  if (known) place.screen = known
  for (const [key, name] of TIMES) place[key] = parseTime(given.get(name))
  for (const key of WORDS) place[key] = given.get(key) ?? ''
  return place
}

/** The address of a place, from the page's folder; what is as at home is left out. */
export function formatPlace(place: Place): string {
  const out = new URLSearchParams()
  if (place.screen !== HOME.screen) out.set('screen', place.screen)
  for (const key of WORDS) if (place[key] !== '') out.set(key, place[key])
  for (const [key, name] of TIMES) {
    const t = place[key]
    if (t !== null) out.set(name, formatTime(t))
  }
  const text = out.toString().replaceAll('%3A', ':')
  return text === '' ? './' : `?${text}`
}
