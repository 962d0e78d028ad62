// No channels yet: how to have one.

import type { JSX } from 'preact'
import { place } from '../state/route'

export function NoChannels(): JSX.Element {
  if (place.value.station !== '') {
    return (
      <div class="empty">
        <h2>Station {place.value.station} has no channels</h2>
        <p>Choose another station above.</p>
      </div>
    )
  }
  return (
    <div class="empty">
      <h2>No channels yet</h2>
      <p>Three lines in the station's file make one:</p>
      <pre>{'[[channel]]\nname = "front"\nsource = "rtsp://camera/stream1"'}</pre>
      <p>Or without a file:</p>
      <pre>rushes up --source front=rtsp://camera/stream1</pre>
      <p class="quiet">
        Other sources: <code>screen:</code>, <code>testcard:1280x720@30</code>, <code>file:PATH</code>,{' '}
        <code>v4l2:/dev/video0</code>.
      </p>
    </div>
  )
}
