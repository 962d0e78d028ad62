// The place shown, kept in the address bar.

import { signal } from '@preact/signals'
import { formatPlace, parsePlace, type Place, type Screen } from './url'

export const place = signal<Place>(parsePlace(location.search))

addEventListener('popstate', () => {
  place.value = parsePlace(location.search)
})

/** Goes there. `replace` is for what changes many times a second, such as a moment that is dragged along. */
export function go(patch: Partial<Place>, { replace = false } = {}): void {
  const next = { ...place.value, ...patch }
  const address = formatPlace(next)
  if (address === formatPlace(place.value)) return
  place.value = next
  if (replace) rewriteSoon()
  else history.pushState(null, '', address)
}

/** What stays when another screen is chosen: the channel and what was asked for of all screens. */
export function screenPlace(screen: Screen): Place {
  const now = place.value
  return {
    ...parsePlace(''),
    screen,
    station: now.station,
    via: now.via,
    channel: screen === 'live' ? '' : now.channel,
  }
}

// Browsers refuse more than about two hundred changes of the address in half a minute.
let pending = 0
function rewriteSoon(): void {
  if (pending !== 0) return
  pending = window.setTimeout(() => {
    pending = 0
    history.replaceState(null, '', formatPlace(place.value))
  }, 250)
}
