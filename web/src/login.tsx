// A station that is open to others than its own machine wants a token first.

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Fault, post } from './net/api'
import { begin } from './state/station'
import { sentences } from './ui/format'
import { Sign } from './ui/icons'

export function Login(): JSX.Element {
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)

  const enter = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get('token') ?? '').trim()
    setBusy(true)
    try {
      await post('/api/login', { token })
      setFault('')
      await begin()
    } catch (error) {
      const remedy = error instanceof Fault ? error.remedy : ''
      setFault(sentences(error instanceof Error ? error.message : String(error), remedy))
    } finally {
      setBusy(false)
    }
  }

  return (
    <main class="login">
      <form onSubmit={(event) => void enter(event)}>
        <h1>rushes</h1>
        <p>This station asks who you are. Give the token you were given.</p>
        <label>
          Token
          <input
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            aria-describedby="login-fault"
          />
        </label>
        <p id="login-fault" role="alert">
          {fault !== '' && (
            <>
              <Sign state="lost" /> {fault}
            </>
          )}
        </p>
        <button type="submit" class="main" disabled={busy}>
          Sign in
        </button>
        <p class="quiet">
          None yet? On the station's machine: <code>rushes token add NAME</code>
        </p>
      </form>
    </main>
  )
}
