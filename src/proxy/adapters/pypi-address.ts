/** Equal for addresses of the same file: clients write `+` and `%2B` as they like. */
export function addressKey(address: string): string {
  const url = URL.parse(address)
  if (!url) return address
  try {
    return `${url.origin}${decodeURIComponent(url.pathname)}${url.search}`
  } catch {
    return `${url.origin}${url.pathname}${url.search}`
  }
}
