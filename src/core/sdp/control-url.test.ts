import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { baseUrl, controlUrl } from './control-url.ts';

describe('the base', () => {
  const request = 'rtsp://192.0.2.1:554/live/main';
  const rows: readonly {
    readonly name: string;
    readonly contentBase?: string;
    readonly contentLocation?: string;
    readonly base: string;
    readonly request?: string;
  }[] = [
    { name: 'missing', base: request },
    {
      name: 'as it should be',
      contentBase: 'rtsp://192.0.2.1:554/live/main/',
      base: 'rtsp://192.0.2.1:554/live/main/',
    },
    { name: 'with another port', contentBase: 'rtsp://192.0.2.1/live/x/', base: 'rtsp://192.0.2.1:554/live/x/' },
    {
      name: 'with user and password',
      contentBase: 'rtsp://u:p@192.0.2.1/live/x/',
      base: 'rtsp://192.0.2.1:554/live/x/',
    },
    { name: 'relative', contentBase: '/live/main/', base: 'rtsp://192.0.2.1:554/live/main/' },
    { name: 'IPv6-mapped', contentBase: 'rtsp://::ffff:192.0.2.1:554/live/x/', base: 'rtsp://192.0.2.1:554/live/x/' },
    {
      name: 'IPv6-mapped in brackets',
      contentBase: 'rtsp://[::ffff:192.0.2.1]:554/live/x/',
      base: 'rtsp://192.0.2.1:554/live/x/',
    },
    {
      name: 'with a doubled scheme',
      contentBase: 'rtsp://rtsp://192.0.2.1:554/live/x/',
      base: 'rtsp://192.0.2.1:554/live/x/',
    },
    { name: 'without a scheme', contentBase: '192.0.2.1:554/live/main/', base: 'rtsp://192.0.2.1:554/live/main/' },
    {
      name: 'of another host behind NAT, same path',
      contentBase: 'rtsp://10.0.0.7/live/main/',
      base: 'rtsp://192.0.2.1:554/live/main/',
    },
    { name: 'of another host and path', contentBase: 'rtsp://0.0.0.0/', base: request },
    {
      name: 'of another host, Content-Location right',
      contentBase: 'rtsp://0.0.0.0/',
      contentLocation: 'rtsp://192.0.2.1/y/',
      base: 'rtsp://192.0.2.1:554/y/',
    },
    { name: 'junk', contentBase: 'what?', base: request },
    {
      name: "Dahua's, ending in a query",
      request: 'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif',
      contentBase: 'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/',
      base: 'rtsp://192.168.5.111:554/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/',
    },
    {
      name: 'missing, with a URL in the query',
      request: 'rtsp://proxy/s?src=rtsp://cam/1',
      base: 'rtsp://proxy/s?src=rtsp://cam/1',
    },
  ];
  for (const { name, contentBase, contentLocation, base, request: requested } of rows) {
    it(name, () => assert.equal(baseUrl(requested ?? request, { contentBase, contentLocation }), base));
  }
});

describe('a control', () => {
  const base = 'rtsp://192.0.2.1/live/';
  const rows: readonly {
    readonly name: string;
    readonly base?: string;
    readonly control: string | undefined;
    readonly url: string;
  }[] = [
    { name: 'missing', control: undefined, url: base },
    { name: 'of the whole', control: '*', url: base },
    { name: 'relative', control: 'trackID=1', url: 'rtsp://192.0.2.1/live/trackID=1' },
    {
      name: 'relative to a base without slash',
      base: 'rtsp://192.0.2.1/live',
      control: 'trackID=1',
      url: 'rtsp://192.0.2.1/live/trackID=1',
    },
    { name: 'with a leading slash (gsl#625)', control: '/trackID=1', url: 'rtsp://192.0.2.1/live/trackID=1' },
    { name: 'with the path repeated (mtx#683)', control: '/live/trackID=1', url: 'rtsp://192.0.2.1/live/trackID=1' },
    {
      name: 'with the base repeated (mtx#683)',
      control: 'rtsp://192.0.2.1/live/trackID=1',
      url: 'rtsp://192.0.2.1/live/trackID=1',
    },
    {
      name: 'of another host behind NAT',
      control: 'rtsp://10.0.0.7:554/live/t1?x=y',
      url: 'rtsp://192.0.2.1/live/t1?x=y',
    },
    {
      name: 'a query',
      base: 'rtsp://192.0.2.1/live',
      control: '?ctype=video',
      url: 'rtsp://192.0.2.1/live?ctype=video',
    },
    {
      name: "Dahua's, after the query (ret#9)",
      base: 'rtsp://h/cam/realmonitor?channel=1&subtype=1/',
      control: 'trackID=0',
      url: 'rtsp://h/cam/realmonitor?channel=1&subtype=1/trackID=0',
    },
    {
      name: "GW's, after a query without slash",
      base: 'rtsp://h:5050/H264?channel=1',
      control: 'video',
      url: 'rtsp://h:5050/H264?channel=1/video',
    },
  ];
  for (const { name, base: own, control, url } of rows)
    it(name, () => assert.equal(controlUrl(own ?? base, control), url));
});
