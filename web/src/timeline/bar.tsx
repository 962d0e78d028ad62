// The boxes and buttons above the picture: which channel, which day and time, how much of it.

import type { JSX } from 'preact'
import { showFigures } from '../state/prefs'
import { clock, day, fromBoxes } from '../ui/format'
import { Icon } from '../ui/icons'

interface Props {
  name: string
  names: string[]
  t: number | null
  now: number
  onChannel(name: string): void
  onMoment(t: number): void
  onNow(): void
  /** null: all that was recorded today. */
  onZoom(length: number | null): void
  onMark(): void
  onSnapshot(): void
  onStep(frames: -1 | 1): void
  playing: boolean
  onPlay(): void
}

const ZOOMS: readonly [string, number | null][] = [
  ['Recorded', null],
  ['Day', 86400],
  ['Hour', 3600],
  ['10 min', 600],
  ['1 min', 60],
]

export function TimelineBar({ name, names, t, now, ...on }: Props): JSX.Element {
  const shown = t ?? now
  const jump = (date: string, time: string): void => {
    const moment = fromBoxes(date, time)
    if (moment !== null) on.onMoment(moment)
  }
  return (
    <div class="bar">
      <select aria-label="Channel" value={name} onChange={(event) => on.onChannel(event.currentTarget.value)}>
        {names.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <input
        type="date"
        aria-label="Day"
        value={day(shown)}
        max={day(now)}
        onChange={(event) => jump(event.currentTarget.value, clock(shown))}
      />
      <input
        type="time"
        aria-label="Time of day"
        step={1}
        value={clock(shown)}
        onChange={(event) => jump(day(shown), event.currentTarget.value)}
      />
      <span class="group">
        <button type="button" aria-label="One frame back" title="One frame back (←)" onClick={() => on.onStep(-1)}>
          <Icon name="left" />
        </button>
        <button
          type="button"
          aria-label={on.playing ? 'Pause' : 'Play'}
          title={on.playing ? 'Pause (space)' : 'Play what was recorded (space)'}
          disabled={t === null}
          onClick={on.onPlay}
        >
          <Icon name={on.playing ? 'pause' : 'play'} />
        </button>
        <button
          type="button"
          aria-label="One frame on"
          title="One frame on (→)"
          disabled={t === null}
          onClick={() => on.onStep(1)}
        >
          <Icon name="right" />
        </button>
      </span>
      <button type="button" aria-pressed={t === null} onClick={on.onNow}>
        Now
      </button>
      <span class="grow" />
      <span class="group" role="group" aria-label="Show">
        {ZOOMS.map(([word, length]) => (
          <button key={word} type="button" onClick={() => on.onZoom(length)}>
            {word}
          </button>
        ))}
      </span>
      <button type="button" onClick={on.onSnapshot}>
        Snapshot
      </button>
      <button type="button" onClick={on.onMark}>
        Export …
      </button>
      <label class="switch">
        <input
          type="checkbox"
          checked={showFigures.value}
          onChange={(event) => (showFigures.value = event.currentTarget.checked)}
        />
        Figures
      </label>
    </div>
  )
}
