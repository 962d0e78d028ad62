// The top strip: which station, how it is in one sentence, and what time it is there.

import type { JSX } from 'preact'
import { go, place } from './state/route'
import { silentSince, silentWhy, station, stationNow, tick } from './state/station'
import { clock, duration } from './ui/format'
import { helpOpen } from './ui/help'
import { Icon, Sign } from './ui/icons'

export function Strip(): JSX.Element {
  const now = station.value
  return (
    <header class="strip">
      <Name />
      <Sentence />
      <span class="grow" />
      {now && <Clock />}
      <button
        type="button"
        class="bare help-button"
        aria-label="Keys"
        title="Keys (?)"
        onClick={() => (helpOpen.value = true)}
      >
        <Icon name="help" />
      </button>
    </header>
  )
}

/** The name, and where there is a fleet, the choice of whose channels are shown. */
function Name(): JSX.Element {
  const now = station.value
  const fleet = now?.stations ?? []
  if (fleet.length < 2) return <h1>{now?.name ?? 'rushes'}</h1>
  return (
    <h1>
      <select
        aria-label="Station"
        value={place.value.station}
        onChange={(event) => go({ station: event.currentTarget.value, channel: '' })}
      >
        <option value="">all stations</option>
        {fleet.map((each) => (
          <option key={each.name} value={each.name}>
            {each.name}
            {each.state === 'live' ? '' : ` (${each.state})`}
          </option>
        ))}
      </select>
    </h1>
  )
}

function Sentence(): JSX.Element {
  void tick.value
  const silent = silentSince.value
  const now = station.value
  if (silent !== null) {
    return (
      <p class="health" role="status">
        <Sign state="lost" />
        <span>
          no word from the station since <span class="num">{clock(silent / 1000)}</span>
          {silentWhy.value !== '' && ` (${silentWhy.value})`}; trying again
        </span>
      </p>
    )
  }
  if (!now) return <p class="health quiet">asking the station …</p>
  return (
    <p class="health" title={`up for ${duration(stationNow() - now.started)}, on ${now.host}, process ${now.pid}`}>
      <Sign state={now.health.state} />
      <span class="sr">{now.health.state}: </span>
      <span class="num-text">{now.health.text}</span>
    </p>
  )
}

function Clock(): JSX.Element {
  void tick.value
  const t = stationNow()
  return (
    <time class="num" dateTime={new Date(t * 1000).toISOString()} title="The station's clock, in your time zone">
      {clock(t)}
    </time>
  )
}
