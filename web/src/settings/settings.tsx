// What the station runs with, as it read it, and how this browser shows it. Nothing of the station is changed here.

import type { ComponentChildren, JSX } from 'preact'
import { Fault, post } from '../net/api'
import { technology, theme, type Choice, type Theme } from '../state/prefs'
import { session } from '../state/session'
import { station, stationNow } from '../state/station'
import { abilities } from '../live/abilities'
import { bytes, clock, count, day, duration } from '../ui/format'
import { sayFault } from '../ui/toast'
import { ConfigTable } from './config'
import { Doctor } from './doctor'
import { Tokens } from './tokens'

export function Settings(): JSX.Element {
  return (
    <section class="screen" aria-label="Settings">
      <div class="settings">
        <div>
          <ConfigTable />
        </div>
        <div>
          <Browser />
          <Doctor />
          <Tokens />
          <About />
        </div>
      </div>
    </section>
  )
}

function Browser(): JSX.Element {
  return (
    <section>
      <h2>
        This browser <span class="quiet">remembered here only</span>
      </h2>
      <div class="rows">
        <Choices<Theme> legend="Theme" signal={theme} words={{ auto: 'as the system', light: 'light', dark: 'dark' }} />
        <Choices<Choice>
          legend="Live picture by"
          signal={technology}
          words={{ auto: 'choice of the page', jpeg: 'JPEG', h264: 'H.264', fmp4: 'H.264 in MP4' }}
        />
        <p class="quiet">{ability()}</p>
      </div>
    </section>
  )
}

function ability(): string {
  if (abilities.webCodecs) return 'This browser can show all of these here.'
  if (abilities.mediaSource) return 'Without https or localhost, H.264 comes in MP4, a little later.'
  return 'This browser shows JPEG only.'
}

interface ChoicesProps<T extends string> {
  legend: string
  signal: { value: T }
  words: Record<T, string>
}

function Choices<T extends string>({ legend, signal, words }: ChoicesProps<T>): JSX.Element {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div>
        {(Object.keys(words) as T[]).map((each) => (
          <label key={each}>
            <input type="radio" name={legend} checked={signal.value === each} onChange={() => (signal.value = each)} />
            {words[each]}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function About(): JSX.Element | null {
  const now = station.value
  if (!now) return null
  const used = (each: { used: number; budget: number | null }): string =>
    each.budget === null ? bytes(each.used) : `${bytes(each.used)} of ${bytes(each.budget)}`
  return (
    <section>
      <h2>Station {now.name}</h2>
      <div class="rows">
        <Row name="Version">rushes {now.version}</Row>
        <Row name="Runs on">
          {now.host}, process {now.pid}
        </Row>
        <Row name="Since">
          {day(now.started)} {clock(now.started)}, {duration(stationNow() - now.started)}
        </Row>
        <Row name="Memory">{used(now.memory)}</Row>
        <Row name="Disk">{now.archive ? used(now.disk) : 'nothing is recorded'}</Row>
        <Row name="Channels">
          {count(now.stations.reduce((sum, each) => sum + each.channels.length, 0))} in{' '}
          {now.stations.length === 1 ? 'this station' : `${now.stations.length} stations`}
        </Row>
        <p>
          <a href="/openapi.json">API</a> <a href="/metrics">metrics</a> <a href="/api/stats">figures</a>
          {session.value?.needed && (
            <button type="button" onClick={() => void leave()}>
              Sign out{session.value.name !== '' && ` ${session.value.name}`}
            </button>
          )}
        </p>
      </div>
    </section>
  )
}

function Row({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <p>
      <span class="quiet row-name">{name}</span>
      <span class="num-text">{children}</span>
    </p>
  )
}

async function leave(): Promise<void> {
  try {
    await post('/api/logout')
    session.value = { needed: true, ok: false, name: '' }
  } catch (error) {
    if (!(error instanceof Fault && error.status === 401)) sayFault('Not signed out', error)
  }
}
