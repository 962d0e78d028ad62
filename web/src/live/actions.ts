// What can be done with a channel from its picture.

import { channelPath, post } from '../net/api'
import { pins, showFigures } from '../state/prefs'
import { stationNow } from '../state/station'
import { formatPlace, HOME } from '../state/url'
import { say, sayFault } from '../ui/toast'

const JOBS = { href: formatPlace({ ...HOME, screen: 'jobs' }), text: 'Jobs' }
const CLIP_S = 30

/** Asks the station for a picture in its folder; of the moment `t`, or of now. */
export async function snapshot(channel: string, t: number | null = null): Promise<void> {
  try {
    const shot = await post<{ path?: string }>('/api/shots', {
      channel,
      figures: showFigures.value,
      ...(t === null ? {} : { t }),
    })
    const name = shot?.path?.split('/').pop()
    say(name ? `Snapshot of ${channel}: ${name}.` : `Snapshot of ${channel} is on its way.`, JOBS)
  } catch (error) {
    sayFault(`No snapshot of ${channel}`, error)
  }
}

/** Asks for the last half minute as a file. */
export async function clip(channel: string): Promise<void> {
  const to = stationNow()
  try {
    await post('/api/exports', { channel, from: to - CLIP_S, to, format: 'mp4' })
    say(`The last ${CLIP_S} s of ${channel} are being saved.`, JOBS)
  } catch (error) {
    sayFault(`Nothing saved of ${channel}`, error)
  }
}

export function togglePin(channel: string): void {
  const now = pins.value
  pins.value = now.includes(channel) ? now.filter((each) => each !== channel) : [...now, channel]
}

/** Where the newest picture of a channel is, for those who want the plain file. */
export function newestPicture(channel: string): string {
  return channelPath(channel, 'frame.jpg')
}
