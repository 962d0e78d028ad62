// Something asked of the station once, when it is first shown.

import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Fault, get } from '../net/api'
import { sentences } from '../ui/format'
import { Sign } from '../ui/icons'

export interface Fetched<T> {
  /** null while it is on its way, or when it could not be had. */
  value: T | null
  fault: Fault | null
  again(): void
}

export function useFetched<T>(path: string): Fetched<T> {
  const [value, setValue] = useState<T | null>(null)
  const [fault, setFault] = useState<Fault | null>(null)
  const [round, setRound] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    get<T>(path, stop.signal).then(
      (found) => {
        setValue(found)
        setFault(null)
      },
      (error: unknown) => {
        if (error instanceof Fault) setFault(error)
      },
    )
    return () => stop.abort()
  }, [path, round])
  return { value, fault, again: () => setRound(round + 1) }
}

export function Trouble({ fault }: { fault: Fault }): JSX.Element {
  return (
    <p role="alert">
      <Sign state="lost" /> {sentences(fault.message, fault.remedy)}
    </p>
  )
}
