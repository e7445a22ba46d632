//! Reads a stream with retina and says what came: `retina-reader URL tcp|udp FRAMES`.
//!
//! Sets up every track, waits until each has brought so many frames, and prints a line a track: `video h264 50 frames, 0 packets lost`.
//! Any error of retina's ends it with 1.
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures::StreamExt;
use retina::client::{PlayOptions, Session, SessionOptions, SetupOptions, TcpTransportOptions, Transport, UdpTransportOptions};
use retina::codec::CodecItem;

/// Until every track has brought its frames.
const LONGEST: Duration = Duration::from_secs(15);

#[derive(Clone, Default)]
struct Seen {
    frames: usize,
    lost: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match tokio::time::timeout(LONGEST, read()).await {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => eprintln!("{error}"),
        Err(_) => eprintln!("not all frames came within {} s", LONGEST.as_secs()),
    }
    ExitCode::FAILURE
}

async fn read() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, transport, frames] = words.as_slice() else {
        return Err("retina-reader URL tcp|udp FRAMES".into());
    };
    let wanted: usize = frames.parse()?;
    let transport = match transport.as_str() {
        "udp" => Transport::Udp(UdpTransportOptions::default()),
        _ => Transport::Tcp(TcpTransportOptions::default()),
    };
    let mut session = Session::describe(url::Url::parse(url)?, SessionOptions::default()).await?;
    for track in 0..session.streams().len() {
        session.setup(track, SetupOptions::default().transport(transport.clone())).await?;
    }
    let mut session = session.play(PlayOptions::default()).await?.demuxed()?;
    let mut seen = vec![Seen::default(); session.streams().len()];
    while seen.iter().any(|track| track.frames < wanted) {
        let (track, lost) = match session.next().await.ok_or("the stream ended")?? {
            CodecItem::VideoFrame(frame) => (frame.stream_id(), frame.loss()),
            CodecItem::AudioFrame(frame) => (frame.stream_id(), frame.loss()),
            _ => continue,
        };
        seen[track].frames += 1;
        seen[track].lost += u64::from(lost);
    }
    for (stream, Seen { frames, lost }) in session.streams().iter().zip(&seen) {
        println!("{} {} {frames} frames, {lost} packets lost", stream.media(), stream.encoding_name());
    }
    Ok(())
}
