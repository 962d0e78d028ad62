// What an edge's books say, in words (pure).

import type { Edge } from '../net/types'
import { count } from '../ui/format'

/** "offered 18 000 = delivered 17 998 + late 2 + waiting 0" */
export function ledgerLine(edge: Edge): string {
  const drops = Object.entries(edge.dropped).map(([reason, n]) => `${reason} ${count(n)}`)
  return `offered ${count(edge.offered)} = ${[`delivered ${count(edge.delivered)}`, ...drops, `waiting ${count(edge.waiting)}`].join(' + ')}`
}

/** How far the books are off: 0 when they add up. */
export function missing(edge: Edge): number {
  return edge.offered - edge.delivered - dropped(edge) - edge.waiting
}

export function dropped(edge: Edge): number {
  return Object.values(edge.dropped).reduce((a, b) => a + b, 0)
}

/** What was lost that the edge's policy did not allow: reason and number. */
export function losses(edge: Edge): [string, number][] {
  return Object.entries(edge.dropped).filter(([reason, n]) => n > 0 && !edge.allowed.includes(reason))
}

/** What was dropped as the policy says. */
export function allowedDrops(edge: Edge): [string, number][] {
  return Object.entries(edge.dropped).filter(([reason, n]) => n > 0 && edge.allowed.includes(reason))
}

/** Processor time used between two looks, in percent of one core; null before the second look. */
export class CpuMeter {
  private last = new Map<string, { pid: number | null; cpu: number; at: number; percent: number | null }>()

  note(stages: { name: string; pid: number | null; cpu: number }[], at: number): void {
    const next: typeof this.last = new Map()
    for (const { name, pid, cpu } of stages) {
      const old = this.last.get(name)
      const same = old && old.pid === pid && at > old.at && cpu >= old.cpu
      const now = same ? ((cpu - old.cpu) * 100) / (at - old.at) : null
      // Smoothed, as the kernel counts in steps that are long beside half a second.
      const percent = now === null ? null : old?.percent == null ? now : 0.7 * old.percent + 0.3 * now
      next.set(name, { pid, cpu, at, percent })
    }
    this.last = next
  }

  percent(name: string): number | null {
    return this.last.get(name)?.percent ?? null
  }
}
