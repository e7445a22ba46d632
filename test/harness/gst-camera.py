"""A camera: GStreamer's RTSP server with one test picture at /cam. Prints its port.

Usage: gst-camera.py CODEC [--audio] [--login basic|digest] [--port N] [--only tcp|udp|multicast] [--group ADDRESS --interface NAME] [--host ADDRESS] [--tls CERT_AND_KEY.pem]
TLS goes with a login.
User and password are camera and pass:word.
"""
import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

VIDEO = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=25/1 ! "
ENCODERS = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 log-level=none ! rtph265pay name=pay0 pt=96",
}
AUDIO = " audiotestsrc is-live=true ! audioconvert ! avenc_aac ! aacparse ! rtpmp4gpay name=pay1 pt=97"

arguments = argparse.ArgumentParser()
arguments.add_argument("codec", choices=ENCODERS)
arguments.add_argument("--audio", action="store_true")
arguments.add_argument("--login", choices=["basic", "digest"])
arguments.add_argument("--port", default="0")
arguments.add_argument("--only", choices=["tcp", "udp", "multicast"])
arguments.add_argument("--group", default="239.21.0.1")
arguments.add_argument("--interface", default="lo")
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--tls")
options = arguments.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_address(options.host)
server.set_service(options.port)
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_launch("( " + VIDEO + ENCODERS[options.codec] + (AUDIO if options.audio else "") + " )")
factory.set_shared(True)

if options.only is not None:
    factory.set_protocols(
        {
            "tcp": GstRtsp.RTSPLowerTrans.TCP,
            "udp": GstRtsp.RTSPLowerTrans.UDP,
            "multicast": GstRtsp.RTSPLowerTrans.UDP_MCAST,
        }[options.only]
    )
if options.only == "multicast":
    pool = GstRtspServer.RTSPAddressPool.new()
    pool.add_range(options.group, options.group, 20000, 29999, 1)
    factory.set_address_pool(pool)
    factory.set_multicast_iface(options.interface)

if options.login is not None:
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth.new()
    if options.tls is not None:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(options.tls))
    if options.login == "basic":
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("camera", "pass:word"), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("camera", "pass:word", token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions.new()
    for right in ("access", "construct"):
        permissions.add_permission_for_role("viewer", "media.factory." + right, True)
    factory.set_permissions(permissions)

server.get_mount_points().add_factory("/cam", factory)
if server.attach(None) == 0:
    sys.exit("cannot listen")
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
