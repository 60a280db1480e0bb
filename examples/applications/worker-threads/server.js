import { scrypt } from 'node:crypto'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

/** (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add) */
const addition = Buffer.from(
  '0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b',
  'hex',
)

if (isMainThread) {
  createServer(async (_request, response) => {
    const shared = new Int32Array(new SharedArrayBuffer(4))
    const workers = Array.from({ length: 4 }, () => new Worker(import.meta.filename, { workerData: shared }))
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))))
    const keys = await Promise.all([1, 2, 3, 4].map((salt) => promisify(scrypt)('secret', String(salt), 32)))
    const { instance } = await WebAssembly.instantiate(addition)
    response.end(`counted ${shared[0]}, keys ${keys.length}, sum ${instance.exports.add(40, 2)}\n`)
  }).listen(process.env.PORT)
} else {
  for (let count = 0; count < 1000; count += 1) Atomics.add(workerData, 0, 1)
}
