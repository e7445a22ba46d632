/** A process that publishes the synthetic picture to the RTSP URL in its arguments, in real time, until it is killed. */
import { RtspExchange } from './rtsp-exchange.ts';
import { FULL_HD, SyntheticVideo } from './synthetic-video.ts';
import { everyFrame } from './pace.ts';

const url = process.argv[2] ?? '';
const video = new SyntheticVideo(FULL_HD);
const rtsp = await RtspExchange.open(url);
await rtsp.ask('ANNOUNCE', [], video.sdp);
await rtsp.ask('SETUP', ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record'], '', '/trackID=0');
await rtsp.ask('RECORD');
rtsp.socket.resume();
everyFrame(video.shape.framesPerSecond, () => rtsp.socket.write(video.next()));
process.send?.('ready');
