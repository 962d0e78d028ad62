import { describe, expect, it } from 'vitest'
import { chosen, reason, tally } from '../src/jobs/said'
import { pauseMs } from '../src/net/backoff'
import type { Job } from '../src/net/types'

describe('the pause before another try', () => {
  it('grows, ends at five seconds, and is spread', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map((attempt) => pauseMs(attempt, 1))).toEqual([
      250, 500, 1000, 2000, 4000, 5000, 5000,
    ])
    expect(pauseMs(5, 0)).toBe(3750)
  })
})

function job(id: string, state: Job['state'], more: Partial<Job> = {}): Job {
  return {
    id,
    kind: 'shot',
    channel: 'front',
    state,
    tries: 1,
    created: Number(id),
    ended: null,
    progress: 0,
    bytes: 0,
    path: '',
    error: '',
    remedy: '',
    thumb: null,
    file: null,
    ...more,
  }
}

describe('jobs', () => {
  const all = [
    job('1', 'success'),
    job('2', 'error', { error: 'no frame came', remedy: 'look at the source' }),
    job('3', 'saving', { channel: 'yard' }),
    job('4', 'cancelled'),
  ]

  it('are found by how they stand and by words, newest first', () => {
    expect(chosen(all, '', '').map((each) => each.id)).toEqual(['4', '3', '2', '1'])
    expect(chosen(all, 'failed', '').map((each) => each.id)).toEqual(['4', '2'])
    expect(chosen(all, 'open', 'YARD').map((each) => each.id)).toEqual(['3'])
    expect(tally(all)).toEqual({ '': 4, open: 1, done: 1, failed: 2 })
  })

  it('that failed say why and what to do, in sentences', () => {
    expect(all.map(reason)).toEqual(['', 'No frame came. Look at the source.', '', ''])
    expect(reason(job('5', 'error'))).toBe('The station did not say why.')
  })
})
