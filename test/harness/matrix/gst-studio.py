"""A house of cameras: gst-rtsp-server with one mount a codec. Prints its ports: "PLAIN TLS", TLS 0 without a certificate.

Usage: gst-studio.py [--certificate FILE --key FILE] [--group ADDRESS] [--host ADDRESS] [--interface NAME] NAME=LAUNCH …
LAUNCH is what gst-launch would take between the parentheses, its payloaders named pay0 and pay1.
"""
import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

# Of groups. Each mount has ports of its own, since the server binds them on all addresses: four would do, two a track.
GROUP_PORT = 7000
PORTS_EACH = 10

arguments = argparse.ArgumentParser()
arguments.add_argument("mounts", nargs="+")
arguments.add_argument("--certificate")
arguments.add_argument("--key")
arguments.add_argument("--group", help="an address for each mount is counted on from this one")
arguments.add_argument("--host", default="127.0.0.1")
arguments.add_argument("--interface", default="lo", help="by which groups are sent")
options = arguments.parse_args()

Gst.init(None)


def mount(server):
    for index, entry in enumerate(options.mounts):
        name, launch = entry.split("=", 1)
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch("( " + launch + " )")
        # One pipeline for all who read in groups. Otherwise each has its own: where a session over UDP joined one over TCP, the server of GStreamer 1.22 once
        # answered PLAY with 503, once crashed, and once packets were missing, in 32 rounds on a busy machine; with a pipeline each nothing in 23.
        factory.set_shared(options.group is not None)
        if options.group is not None:
            start, last = options.group.rsplit(".", 1)
            address = "%s.%d" % (start, int(last) + index)
            pool = GstRtspServer.RTSPAddressPool.new()
            port = GROUP_PORT + PORTS_EACH * index
            pool.add_range(address, address, port, port + PORTS_EACH - 1, 1)
            factory.set_address_pool(pool)
            factory.set_multicast_iface(options.interface)
            factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP_MCAST)
        if server.get_auth() is not None:
            permissions = GstRtspServer.RTSPPermissions.new()
            for right in ("access", "construct"):
                permissions.add_permission_for_role("anyone", "media.factory." + right, True)
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory("/" + name, factory)


def listen(auth=None):
    server = GstRtspServer.RTSPServer.new()
    server.set_address(options.host)
    server.set_service("0")
    server.set_auth(auth)
    mount(server)
    if server.attach(None) == 0:
        sys.exit("cannot listen")
    return server


def with_certificate():
    auth = GstRtspServer.RTSPAuth.new()
    auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(options.certificate, options.key))
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "anyone")
    auth.set_default_token(token)
    return auth


servers = [listen()]
if options.certificate is not None:
    servers.append(listen(with_certificate()))
ports = [server.get_bound_port() for server in servers] + [0]
print(ports[0], ports[1], flush=True)
GLib.MainLoop().run()
