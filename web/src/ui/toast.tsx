// Short words at the edge of the page about something the user did. Errors stay until they are sent away.

import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { Fault } from '../net/api'
import { Icon, Sign } from './icons'

interface Toast {
  id: number
  bad: boolean
  text: string
  remedy: string
  link: { href: string; text: string } | null
}

const SHOWN_MS = 6000
const MOST = 4
const toasts = signal<Toast[]>([])
let last = 0

export function say(text: string, link: Toast['link'] = null): void {
  const id = add({ bad: false, text, remedy: '', link })
  setTimeout(() => dismiss(id), SHOWN_MS)
}

/** Tells what went wrong and what to do about it. */
export function sayFault(what: string, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error)
  add({ bad: true, text: `${what}: ${why}`, remedy: error instanceof Fault ? error.remedy : '', link: null })
}

function add(toast: Omit<Toast, 'id'>): number {
  last += 1
  toasts.value = [...toasts.value, { ...toast, id: last }].slice(-MOST)
  return last
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id)
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((each) => (
        <div key={each.id} class="toast">
          <Sign state={each.bad ? 'lost' : 'live'} />
          <p>
            {each.text}
            {each.remedy !== '' && <span class="quiet"> {each.remedy}</span>}
            {each.link && (
              <>
                {' '}
                <a href={each.link.href}>{each.link.text}</a>
              </>
            )}
          </p>
          <button type="button" class="bare" aria-label="Dismiss" onClick={() => dismiss(each.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
