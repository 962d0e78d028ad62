// What a row of the jobs says (pure).

import type { Job } from '../net/types'
import { sentences } from '../ui/format'

export type Which = '' | 'open' | 'done' | 'failed'

export function isOpen(job: Job): boolean {
  return job.state === 'in_queue' || job.state === 'saving'
}

/** The jobs asked for, newest first. */
export function chosen(all: Job[], which: string, find: string): Job[] {
  const word = find.trim().toLowerCase()
  return all
    .filter((job) => which === '' || which === group(job))
    .filter((job) => word === '' || `${job.kind} ${job.channel} ${job.path} ${job.error}`.toLowerCase().includes(word))
    .sort((a, b) => b.created - a.created)
}

/** How many there are of each. */
export function tally(all: Job[]): Record<Which, number> {
  const out: Record<Which, number> = { '': all.length, open: 0, done: 0, failed: 0 }
  for (const job of all) out[group(job)] += 1
  return out
}

function group(job: Job): 'open' | 'done' | 'failed' {
  return isOpen(job) ? 'open' : job.state === 'success' ? 'done' : 'failed'
}

const WORDS: Record<Job['state'], string> = {
  in_queue: 'waiting',
  saving: 'at work',
  success: 'done',
  error: 'failed',
  cancelled: 'cancelled',
}

export function stateWord(job: Job): string {
  return WORDS[job.state] ?? job.state
}

export function stateSign(job: Job): string {
  return job.state === 'success' ? 'live' : job.state === 'error' ? 'lost' : job.state === 'saving' ? 'late' : 'none'
}

/** Why a job failed and what to do, as one sentence each; empty for one that did not. */
export function reason(job: Job): string {
  if (job.state !== 'error') return ''
  return sentences(job.error === '' ? 'the station did not say why' : job.error, job.remedy)
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path
}
