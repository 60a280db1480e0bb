/** Loads every problem, so that the catalogue is whole. A unit test compares this list with the folder. */
import './client.ts'
import './configure.ts'
import './deploy.ts'
import './front.ts'
import './initialise.ts'
import './install.ts'
import './isolation.ts'
import './manifest.ts'
import './retrieve.ts'
import './start.ts'
import './state.ts'

export { catalogue } from '../problem.ts'
