import { render } from 'preact'
import { App } from './app'
import { begin } from './state/station'
import './styles/tokens.css'
import './styles/base.css'
import './styles/frame.css'
import './styles/live.css'
import './styles/timeline.css'
import './styles/tables.css'
import './styles/pipeline.css'

const root = document.getElementById('page')
if (root) render(<App />, root)
void begin()
