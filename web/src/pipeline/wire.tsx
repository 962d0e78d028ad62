// An edge's label: what goes in and out, what waits, what was lost.

import type { JSX } from 'preact'
import type { Edge } from '../net/types'
import { count } from '../ui/format'
import { Sign } from '../ui/icons'
import { allowedDrops, losses, missing } from './ledger'

interface Props {
  edge: Edge
  selected: boolean
  onSelect(): void
}

export function WireLabel({ edge, selected, onSelect }: Props): JSX.Element {
  const lost = losses(edge)
  const dropped = allowedDrops(edge)
  const words = [...lost, ...dropped].map(([reason, n]) => `${reason} ${count(n)}`).join(', ')
  return (
    <button type="button" class="wire" data-edge={edge.name} aria-pressed={selected} onClick={onSelect} title={words}>
      <span class="sr">Edge {edge.name}: </span>
      <span class="num rates">
        {edge.fps_in.toFixed(1)}
        <span class="quiet"> → </span>
        {edge.fps_out.toFixed(1)} <span class="quiet">fps</span>
      </span>
      <span class="rest">
        {edge.limit !== null && (
          <Meter value={edge.waiting} limit={edge.limit} label={`${edge.waiting} of ${edge.limit} waiting`} />
        )}
        {lost.length > 0 ? (
          <span class="is-lost">
            <Sign state="lost" /> {lost[0]?.[0]} {count(lost[0]?.[1] ?? 0)}
          </span>
        ) : dropped.length > 0 ? (
          <span class="quiet">
            {dropped[0]?.[0]} {count(dropped[0]?.[1] ?? 0)}
          </span>
        ) : (
          <span class="quiet num">
            {!edge.adds_up && Math.abs(missing(edge)) > 2
              ? 'does not add up'
              : edge.limit === null
                ? `waiting ${edge.waiting}`
                : `${edge.waiting} of ${edge.limit}`}
          </span>
        )}
      </span>
    </button>
  )
}

interface MeterProps {
  value: number
  limit: number
  label: string
  /** Full is how it should be, as of a ring that keeps the newest. */
  calm?: boolean
}

/** A small bar: how much of what is allowed is used. */
export function Meter({ value, limit, label, calm }: MeterProps): JSX.Element {
  const share = limit > 0 ? Math.min(1, value / limit) : 0
  return (
    <svg
      class={`meter ${share > 0.8 && !calm ? 'is-high' : ''}`}
      viewBox="0 0 40 6"
      width="40"
      height="6"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <rect class="meter-ground" x="0.5" y="0.5" width="39" height="5" rx="1.5" />
      <rect class="meter-used" x="0.5" y="0.5" width={Math.max(value > 0 ? 2 : 0, 39 * share)} height="5" rx="1.5" />
    </svg>
  )
}
