"""Reads an RTSP stream with rtspsrc and counts the decoded frames of each of its media. Ends when all have so many.

    gst-reader.py FRAMES --source name=value ... --media video='rtph264depay ! ...' ...

A program of its own, since gst-launch now and then links only one of two tracks that appear at the same moment, in two threads.
Says in the end how many each has (`video 50`), before it takes its leave; errors and warnings of elements on stderr.
"""

import argparse
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402


def pair(text):
    name, _, value = text.partition("=")
    return name, value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("frames", type=int)
    parser.add_argument("--source", type=pair, nargs="+", required=True)
    parser.add_argument("--media", type=pair, nargs="+", required=True)
    options = parser.parse_args()
    Gst.init(None)
    loop = GLib.MainLoop()
    pipeline = Gst.Pipeline()
    source = Gst.ElementFactory.make("rtspsrc")
    for name, value in options.source:
        Gst.util_set_object_arg(source, name, value)
    pipeline.add(source)
    waiting = dict(options.media)
    counts = {name: 0 for name in waiting}
    lock = threading.Lock()

    def counted(_sink, _buffer, _pad, name):
        with lock:
            counts[name] += 1
            if all(count >= options.frames for count in counts.values()):
                GLib.idle_add(loop.quit)

    def appeared(_source, pad):
        name = pad.get_current_caps().get_structure(0).get_string("media")
        with lock:
            decode = waiting.pop(name, None)
        if decode is None:
            return
        branch = Gst.parse_bin_from_description(f"queue ! {decode} ! fakesink name=sink signal-handoffs=true", True)
        branch.get_by_name("sink").connect("handoff", counted, name)
        pipeline.add(branch)
        branch.sync_state_with_parent()
        pad.link(branch.get_static_pad("sink"))

    def said(_bus, message):
        kind = message.type
        if kind == Gst.MessageType.ERROR or kind == Gst.MessageType.WARNING:
            is_error = kind == Gst.MessageType.ERROR
            error, _ = message.parse_error() if is_error else message.parse_warning()
            print(f"{'ERROR' if is_error else 'WARNING'}: {error.message}", file=sys.stderr, flush=True)
        if kind in (Gst.MessageType.ERROR, Gst.MessageType.EOS):
            loop.quit()

    source.connect("pad-added", appeared)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message", said)
    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    for name, count in counts.items():
        print(name, count, flush=True)
    pipeline.set_state(Gst.State.NULL)


main()
