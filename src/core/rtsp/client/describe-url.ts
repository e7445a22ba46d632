/**
 * What DESCRIBE asks for. Another weir, which says so in `Server`, is asked for its GOP with true timestamps: the squeezed one that players get
 * (docs/rtsp.md) is not for whoever records or passes it on.
 */
export function describeUrl(requestUrl: string, server: string | undefined): string {
  if (server === undefined || !/^weir(?![\w-])/i.test(server)) return requestUrl;
  if (/[?&]start=/.test(requestUrl)) return requestUrl;
  return `${requestUrl}${requestUrl.includes('?') ? '&' : '?'}start=gop`;
}
