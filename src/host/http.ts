/**
 * Node's HTTP, loaded without what nobody here uses: an ES import of `node:http` evaluates all of its exports, WebSocket
 * among them, which load a second HTTP client and 14 MiB with it (Node 24).
 */
const http = process.getBuiltinModule('node:http')
const https = process.getBuiltinModule('node:https')

export const createHttpServer = http.createServer
export const requestHttp = http.request
export const requestHttps = https.request
export type { ClientRequest, IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
