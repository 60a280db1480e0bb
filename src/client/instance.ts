/** Which berth on this host the commands speak with. */
export { instanceFrom, type Instance } from '../host/instance.ts'
