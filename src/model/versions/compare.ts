import * as pep440 from '@renovatebot/pep440'
import semver from 'semver'
import type { ArtifactKind } from '../lock.ts'
import { compareDebian } from './debian.ts'

/** Orders two versions as their ecosystem does: negative when `one` is the older. */
export function compareVersions(kind: ArtifactKind, one: string, other: string): number {
  switch (kind) {
    case 'deb':
      return compareDebian(one, other)
    case 'pypi':
      return comparePython(one, other)
    case 'npm':
    case 'go':
      return compareSemantic(one, other)
    case 'git':
    case 'http':
    case 'image':
      return compareText(one, other)
    default:
      return kind satisfies never
  }
}

/** PEP 440; what it does not know comes first. */
function comparePython(one: string, other: string): number {
  const [left, right] = [pep440.valid(one) !== null, pep440.valid(other) !== null]
  return left && right ? pep440.compare(one, other) : Number(left) - Number(right) || compareText(one, other)
}

/** Semantic versioning, with the `v` that Go writes in front; what is none comes first. */
function compareSemantic(one: string, other: string): number {
  const [left, right] = [semanticOf(one), semanticOf(other)]
  if (left === null || right === null) return Number(left !== null) - Number(right !== null) || compareText(one, other)
  return semver.compare(left, right)
}

/** People leave out what is zero: `1.10` is `1.10.0`. */
function semanticOf(text: string): string | null {
  const [whole = '', minor, patch] = /^v?\d+(?:(\.\d+)(\.\d+)?)?$/.exec(text) ?? []
  return semver.valid(whole === '' ? text : `${whole}${minor ? '' : '.0'}${patch ? '' : '.0'}`, { loose: true })
}

/** Whether a text is a version of its ecosystem, so that comparing it means something. */
export function isVersionOf(kind: ArtifactKind, text: string): boolean {
  switch (kind) {
    case 'deb':
      return /^(\d+:)?\d[A-Za-z0-9.+~:-]*$/.test(text)
    case 'pypi':
      return pep440.valid(text) !== null
    case 'npm':
    case 'go':
      return semanticOf(text) !== null
    case 'git':
    case 'http':
    case 'image':
      return false
    default:
      return kind satisfies never
  }
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
