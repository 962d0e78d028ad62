// What was recorded of each channel in the time shown, and what was found in it.

import { signal, type Signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { channelPath, get } from '../net/api'
import type { Found, Span } from '../net/types'
import { findChannel, station, stationNow } from '../state/station'
import { startOfDay } from '../ui/format'
import type { View } from './zoom'

export interface Lane {
  /** The time that these are of. */
  view: View
  spans: Span[]
  found: Found[]
}

/** Whether anything can be asked of its recordings: a station that keeps none has no answer but an error. */
export function isKept(name: string): boolean {
  const channel = findChannel(name)
  const now = station.value
  return channel?.recorded === true || (now?.archive === true && channel?.station === now.name)
}

const SETTLE_MS = 150
const AGAIN_MS = 5000
/** So many marks at most, of a bar's whole width. */
const MARKS = 500

/** Kept up to date while the view holds now; asked for once the view has come to rest. */
export function useLanes(names: string[], view: View | null): Signal<Map<string, Lane>> {
  const [lanes] = useState(() => signal(new Map<string, Lane>()))
  const all = names.join('\n')
  useEffect(() => {
    if (view === null || all === '') return
    const stop = new AbortController()
    const load = async (): Promise<void> => {
      const found = await Promise.all(names.map((name) => laneOf(name, view, lanes.peek().get(name), stop.signal)))
      if (!stop.signal.aborted) lanes.value = new Map(names.map((name, i) => [name, found[i] as Lane]))
    }
    const first = setTimeout(() => void load(), SETTLE_MS)
    const again = setInterval(() => {
      if (view.to > stationNow() - 60 && !document.hidden) void load()
    }, AGAIN_MS)
    return () => {
      stop.abort()
      clearTimeout(first)
      clearInterval(again)
    }
  }, [all, view?.from, view?.to])
  return lanes
}

async function laneOf(name: string, view: View, old: Lane | undefined, signal: AbortSignal): Promise<Lane> {
  const range = { from: view.from.toFixed(3), to: view.to.toFixed(3) }
  const list = async <T>(what: string, more = {}): Promise<T[] | null> => {
    try {
      return await get<T[]>(channelPath(name, what, { ...range, ...more }), signal)
    } catch {
      return null // the strip tells when the station is silent; a bar stays as it was
    }
  }
  const [spans, found] = await Promise.all([list<Span>('spans'), list<Found>('figures', { n: MARKS })])
  return { view: spans || !old ? view : old.view, spans: spans ?? old?.spans ?? [], found: found ?? old?.found ?? [] }
}

/** Since when anything was recorded today; null when nothing was. */
export async function firstOfDay(names: string[]): Promise<number | null> {
  const now = stationNow()
  const view = { from: startOfDay(now), to: now }
  const lanes = await Promise.all(names.map((name) => laneOf(name, view, undefined, new AbortController().signal)))
  const starts = lanes.flatMap((each) => each.spans.map((span) => span.start))
  return starts.length === 0 ? null : Math.min(...starts)
}
