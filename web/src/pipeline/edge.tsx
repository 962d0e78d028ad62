// One edge: its books, and the last ten minutes.

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Fault, get } from '../net/api'
import type { Edge, History } from '../net/types'
import { go } from '../state/route'
import { findChannel } from '../state/station'
import { bytes } from '../ui/format'
import { Icon, Sign } from '../ui/icons'
import { ledgerLine, losses, missing } from './ledger'
import type { Chart } from './chart'

const AGAIN_MS = 2000

export function EdgePanel({ edge }: { edge: Edge }): JSX.Element {
  const lost = losses(edge)
  const slot = findChannel(edge.channel)?.depot?.slot_bytes ?? 0
  const off = missing(edge)
  return (
    <section class="edge-panel" aria-label={`Edge ${edge.name}`}>
      <header>
        <h2>
          {edge.source} <span class="quiet">→</span> {edge.target}
        </h2>
        <p class="num ledger" data-ledger>
          {ledgerLine(edge)}
        </p>
        <span class="grow" />
        <button type="button" class="bare" aria-label="Close edge" onClick={() => go({ edge: '' })}>
          <Icon name="close" />
        </button>
      </header>
      <p>
        {lost.length > 0 && (
          <span class="is-lost">
            <Sign state="lost" /> {lost.map(([reason, n]) => `${n} ${reason}`).join(', ')}: the policy does not allow
            that.{' '}
          </span>
        )}
        {/* While frames move, the two ends are not read in the same instant. */}
        {!edge.adds_up && Math.abs(off) > 2 && <span class="is-lost">The books are off by {off}. </span>}
        {edge.limit !== null && (
          <span class="quiet">
            {edge.waiting} of {edge.limit} waiting
            {slot > 0 && `, ${bytes(edge.waiting * slot)} of ${bytes(edge.limit * slot)}`}.{' '}
          </span>
        )}
        {edge.allowed.length > 0 && <span class="quiet">Allowed to be dropped: {edge.allowed.join(', ')}.</span>}
      </p>
      <Graph name={edge.name} />
    </section>
  )
}

function Graph({ name }: { name: string }): JSX.Element {
  const place = useRef<HTMLDivElement>(null)
  const [fault, setFault] = useState('')
  useEffect(() => {
    const stop = new AbortController()
    let chart: Chart | null = null
    const load = async (): Promise<void> => {
      try {
        const history = await get<History>(`/api/pipeline/history?edge=${encodeURIComponent(name)}`, stop.signal)
        // Fetched when first needed: it is half of the page's script.
        const made = await import('./chart')
        if (stop.signal.aborted || !place.current) return
        chart ??= new made.Chart(place.current)
        chart.show(history)
        setFault('')
      } catch (error) {
        if (error instanceof Fault) setFault(error.message)
      }
    }
    void load()
    const timer = setInterval(() => void load(), AGAIN_MS)
    return () => {
      clearInterval(timer)
      stop.abort()
      chart?.close()
    }
  }, [name])
  return (
    <>
      {fault !== '' && (
        <p class="quiet">
          <Sign state="lost" /> No history: {fault}
        </p>
      )}
      <div ref={place} class="graphs" />
    </>
  )
}
