// Ten minutes of an edge, as curves: frames a second in and out with what was dropped, and what waits.

import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { History } from '../net/types'

const HEIGHT = 148

export class Chart {
  private rates: uPlot | null = null
  private waits: uPlot | null = null
  private look = ''
  private readonly watch: ResizeObserver

  constructor(private readonly place: HTMLElement) {
    this.watch = new ResizeObserver(() => {
      const width = this.width()
      this.rates?.setSize({ width, height: HEIGHT })
      this.waits?.setSize({ width, height: HEIGHT })
    })
    this.watch.observe(place)
  }

  show(history: History): void {
    // Curves are painted in fixed colours: another theme needs others.
    const look = getComputedStyle(this.place).color
    if (look !== this.look) {
      this.drop()
      this.look = look
    }
    const { t, waiting } = history
    this.rates ??= this.make('Frames a second', [
      ['in', 'accent'],
      ['out', 'live'],
      ['dropped', 'lost'],
    ])
    this.waits ??= this.make('Waiting', [['waiting', 'accent']])
    this.rates.setData([t, history.in, history.out, history.dropped])
    this.waits.setData([t, waiting])
    // Without a pointer over the curves their legends tell the newest.
    for (const each of [this.rates, this.waits])
      if (each.cursor.idx == null) each.setLegend({ idx: t.length - 1 }, false)
  }

  close(): void {
    this.watch.disconnect()
    this.drop()
  }

  private drop(): void {
    this.rates?.destroy()
    this.waits?.destroy()
    this.rates = this.waits = null
  }

  private width(): number {
    const { clientWidth } = this.place
    return Math.max(240, clientWidth < 700 ? clientWidth : (clientWidth - 24) / 2)
  }

  private make(title: string, lines: [string, string][]): uPlot {
    const quiet = this.color('quiet')
    const axis: uPlot.Axis = {
      stroke: quiet,
      grid: { stroke: this.color('line'), width: 1 },
      ticks: { show: false },
      font: '13px ui-monospace, monospace',
    }
    return new uPlot(
      {
        title,
        width: this.width(),
        height: HEIGHT,
        cursor: { points: { show: false }, drag: { x: false, y: false } },
        legend: { live: true },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
        axes: [
          {
            ...axis,
            values: (_plot, ticks, _axis, _space, step) => ticks.map(step < 60 ? hhmmss : hhmm),
            space: 84,
            size: 28,
          },
          { ...axis, size: 48 },
        ],
        series: [
          { value: (_plot, t: number | null) => (t === null ? '–' : hhmmss(t)) },
          ...lines.map(([label, color]) => ({ label, stroke: this.color(color), width: 1.5, points: { show: false } })),
        ],
      },
      [[], ...lines.map(() => [])] as unknown as uPlot.AlignedData,
      this.place,
    )
  }

  /** A token's colour as the theme has it now: canvas knows no custom properties. */
  private color(token: string): string {
    const probe = document.createElement('span')
    probe.style.color = `var(--${token})`
    this.place.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }
}

function hhmm(t: number): string {
  return new Date(t * 1000).toTimeString().slice(0, 5)
}

function hhmmss(t: number): string {
  return new Date(t * 1000).toTimeString().slice(0, 8)
}
