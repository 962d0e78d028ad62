// What the station says, as JSON. Times in epoch seconds.

export type Health = 'live' | 'late' | 'lost'

export interface Station {
  name: string
  version: string
  pid: number
  started: number
  now: number
  host: string
  health: { state: Health; text: string }
  /** That of depots. */
  memory: { used: number; budget: number | null }
  /** What all processes take, depots among it. */
  processes: { used: number; budget: number | null }
  disk: { used: number; budget: number | null }
  archive: boolean
  web: string
  stations: { name: string; url: string; state: string; channels: string[] }[]
  needs_login: boolean
  news: { t: number; text: string }[]
}

export interface Channel {
  name: string
  station: string
  source: string
  fps: number
  fps_target: number
  width: number
  height: number
  format: string
  state: 'opening' | 'live' | 'late' | 'lost' | 'stopped'
  why: string
  since: number
  age_p50_ms: number
  age_p95_ms: number
  dropped: number
  /** Of those, what no policy allowed. */
  lost: number
  recorded: boolean
  figures: boolean
  /** By which its source is captured. */
  backend: string
  depot: { name: string; slots: number; held: number; slot_bytes: number } | null
}

export interface Job {
  id: string
  kind: string
  channel: string
  state: 'in_queue' | 'saving' | 'success' | 'error' | 'cancelled'
  tries: number
  created: number
  ended: number | null
  progress: number
  bytes: number
  path: string
  error: string
  remedy: string
  thumb: string | null
  file: string | null
  from?: number | null
  to?: number | null
  t?: number | null
}

export interface Stage {
  name: string
  kind: string
  channel: string
  pid: number | null
  state: string
  restarts: number
  cause: string
  /** Processor time of the process that does it now, in s. */
  cpu: number
  /** Its memory, in bytes. */
  rss: number
}

export interface Edge {
  name: string
  source: string
  target: string
  channel: string
  offered: number
  delivered: number
  dropped: Record<string, number>
  waiting: number
  limit: number | null
  allowed: string[]
  fps_in: number
  fps_out: number
  /** What was dropped for another reason than those allowed. */
  lost: number
  adds_up: boolean
}

export interface History {
  edge: string
  t: number[]
  in: number[]
  out: number[]
  dropped: number[]
  waiting: number[]
}

export interface Span {
  start: number
  end: number
}

/** What was found in a stretch: how many figures at once at most, and how many of each kind. */
export interface Found extends Span {
  count: number
  kinds: Record<string, number>
}

export interface Figure {
  kind?: string
  type?: string
  label?: string
  color?: string
  x?: number
  y?: number
  w?: number
  h?: number
  text?: string
  points?: [number, number][]
}

export interface Session {
  needed: boolean
  ok: boolean
  name: string
}

/** What the state socket sends; what has not changed may be left out. */
export interface StateMessage {
  station?: Station
  channels?: Channel[]
  jobs?: Job[]
  edges?: Edge[]
  stages?: Stage[]
  /** Instead of all else: the page is served, but there is no station to tell of. */
  error?: string
}
