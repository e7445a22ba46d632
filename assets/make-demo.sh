#!/bin/sh
# Makes assets/demo.mp4: the clip that the stream `demo` loops. Needs an ffmpeg with libx264 and drawtext, and the DejaVu fonts.
#
# 1280x720 at 25 frames a second, H.264 High without B-frames, a key frame every 2 s; AAC 48 kHz mono with a beep in the middle of
# each second. 24 s is a whole number of key frame distances (12) and of AAC frames (1125: the encoder's first, which primes the
# decoder, and 1124 of 1024 samples), so that a loop has no seam.
#
# The row of blocks is a clock that a program reads back (test/clock-reader.ts): 20 blocks of 64x64 pixels from y = 40,
#
#     white black  b11 … b0  c3 … c0  black white
#
# b: number of the frame, 0 to 599; c: its three nibbles and 1010, all exclusive-ored; white is 1.
set -eu
cd "$(dirname "$0")"

# X is the block, N the frame; st/ld hold the bit's place.
bit='if(lt(X,2), eq(X,0),
     if(lt(X,14), mod(floor(N/pow(2,13-X)),2),
     if(lt(X,18), mod(floor(N/pow(2,17-X))+floor(N/pow(2,21-X))+floor(N/pow(2,25-X))+17-X,2),
     eq(X,19))))'
bit=$(printf '%s' "$bit" | tr -d ' \n')
time="drawtext=font=DejaVu Sans Mono:fontsize=72:fontcolor=white:box=1:boxcolor=black:boxborderw=16:x=(w-tw)/2:y=568"

ffmpeg -hide_banner -loglevel warning -y \
  -f lavfi -i 'testsrc2=size=1280x720:rate=25:duration=24' \
  -f lavfi -i 'color=black:size=20x2:rate=25:duration=24' \
  -f lavfi -i 'aevalsrc=if(lt(abs(mod(t\,1)-0.5)\,0.04)\,0.25*sin(2*PI*1000*t)\,0):sample_rate=48000:duration=25' \
  -filter_complex "[1:v]format=gray,geq=lum='255*${bit}',scale=1280:64:flags=neighbor[clock];
                   [0:v][clock]overlay=0:40,${time}:text='%{pts\:hms}',format=yuv420p[picture];
                   [2:a]atrim=end_sample=1150976[beep]" \
  -map '[picture]' -map '[beep]' \
  -c:v libx264 -preset veryslow -profile:v high -bf 0 -g 50 -keyint_min 50 -sc_threshold 0 -refs 3 -crf 32 \
  -maxrate 700k -bufsize 1400k -threads 1 -c:a aac -b:a 48k \
  -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -movflags +faststart demo.mp4
