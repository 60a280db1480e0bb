/** Loads every problem, so that the catalogue is whole. A unit test compares this list with the folder. */
import './client.ts'
import './state.ts'

export { catalogue } from '../problem.ts'
