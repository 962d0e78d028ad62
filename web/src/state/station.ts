// The station as it last told: twice a second, over one socket for the whole page.

import { computed, signal } from '@preact/signals'
import { get, socketUrl } from '../net/api'
import { Socket } from '../net/socket'
import type { Channel, Edge, Job, Session, Stage, StateMessage, Station } from '../net/types'
import { place } from './route'
import { session } from './session'

export const station = signal<Station | null>(null)
export const channels = signal<Channel[] | null>(null)
export const jobs = signal<Job[] | null>(null)
export const edges = signal<Edge[] | null>(null)
export const stages = signal<Stage[] | null>(null)

/** Since when the station is silent (epoch ms of this browser); null while it talks. */
export const silentSince = signal<number | null>(null)

/** Why, where somebody could say. */
export const silentWhy = signal('')

/** By how many ms the station's clock is ahead of this browser's. */
export const ahead = signal(0)

/** Ticks twice a second: whatever shows an age reads it, so that all numbers change together. */
export const tick = signal(0)

/** The station's time now, in epoch seconds. */
export function stationNow(): number {
  return (Date.now() + ahead.peek()) / 1000
}

/** The channels of the station chosen, in its order. */
export const shownChannels = computed<Channel[]>(() => {
  const only = place.value.station
  const all = channels.value ?? []
  return only === '' ? all : all.filter((each) => each.station === only)
})

export function findChannel(name: string): Channel | undefined {
  return channels.value?.find((each) => each.name === name)
}

const SILENT_MS = 3000
let socket: Socket | null = null
let heard = Date.now()

/** Asks who we are and, where that is enough, begins to listen. */
export async function begin(): Promise<void> {
  try {
    session.value = await get<Session>('/api/session')
  } catch {
    // Silent now; the socket goes on trying, and says so meanwhile.
    session.value ??= { needed: false, ok: true, name: '' }
  }
  if (!session.value.needed || session.value.ok) listen()
}

function listen(): void {
  socket?.close()
  heard = Date.now()
  socket = new Socket(() => socketUrl('/ws/state'), {
    text: (message) => take(message as StateMessage),
    broke: (_why, code) => {
      silentSince.value ??= Date.now()
      // A session may have ended meanwhile, and a socket cannot say so any better.
      if (code !== 1000) void checkSession()
    },
  })
}

function take(message: StateMessage): void {
  if (message.error !== undefined) {
    silentWhy.value = message.error
    silentSince.value ??= Date.now()
    return
  }
  heard = Date.now()
  silentSince.value = null
  silentWhy.value = ''
  if (message.station) {
    ahead.value = message.station.now * 1000 - heard
    station.value = message.station
  }
  if (message.channels) channels.value = message.channels
  if (message.jobs) jobs.value = message.jobs
  if (message.edges) edges.value = message.edges
  if (message.stages) stages.value = message.stages
}

async function checkSession(): Promise<void> {
  try {
    session.value = await get<Session>('/api/session')
  } catch {
    return // nobody answers; the strip says so already
  }
  if (session.value.needed && !session.value.ok) {
    socket?.close()
    socket = null
  }
}

setInterval(() => {
  tick.value += 1
  if (socket && Date.now() - heard > SILENT_MS) silentSince.value ??= heard
}, 500)
