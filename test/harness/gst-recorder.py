"""A server that takes a published stream: GStreamer's RTSP server at /rec, which writes the pictures it gets into a file. Prints its port.

Usage: gst-recorder.py FILE
User and password are camera and pass:word, by digest.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
factory.set_launch(
    "( rtph264depay name=depay0 ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=nal ! "
    "filesink sync=false async=false buffer-mode=unbuffered location=" + sys.argv[1] + " )"
)

token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "publisher")
auth = GstRtspServer.RTSPAuth.new()
auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
auth.add_digest("camera", "pass:word", token)
server.set_auth(auth)
permissions = GstRtspServer.RTSPPermissions.new()
for right in ("access", "construct"):
    permissions.add_permission_for_role("publisher", "media.factory." + right, True)
factory.set_permissions(permissions)

server.get_mount_points().add_factory("/rec", factory)
if server.attach(None) == 0:
    sys.exit("cannot listen")
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
