#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Watches what firewalld's rich rules do: a session for each rule that comes, until it goes."""
import json
import os
import re

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
manager = dbus.Interface(bus.get_object("org.nfttraced1", "/org/nfttraced1"), "org.nfttraced1.Manager")
sessions = {}


def show(stream, condition, tail=[b""]):
    """One JSON object a line; what is not an event is a dictionary or a loss."""
    data = os.read(stream, 65536)
    lines = (tail[0] + data).split(b"\n")
    tail[0] = lines.pop()
    for event in map(json.loads, lines):
        if "nft" in event:
            print("{verdict} by {table_name} {chain_name}".format(**event["nft"]), flush=True)
    return bool(data)


def added(zone, rule, timeout):
    port = re.search(r'port port="(\d+)" protocol="(\w+)"', rule)
    if not port:
        return
    path = manager.StartSession(dbus.Dictionary({
        "Name": f"{zone or 'default'} {port[2]} {port[1]}",
        "Verdicts": dbus.Array(["drop"], "s"),
        "Filter": f"{port[2]} port {port[1]}",
        "BindToCaller": True,
    }, "sv"))
    session = dbus.Interface(bus.get_object("org.nfttraced1", path), "org.nfttraced1.Session")
    stream = session.Follow(dbus.Dictionary({"Format": "json", "FromStart": True}, "sv")).take()
    GLib.io_add_watch(stream, GLib.IO_IN | GLib.IO_HUP, show)
    sessions[zone, rule] = session
    print(f"watching: {rule}", flush=True)


def removed(zone, rule):
    session = sessions.pop((zone, rule), None)
    if session:
        books = session.Stop()
        print(f"stopped: {rule}: {books['Matched']} events", flush=True)


zones = {"bus_name": "org.fedoraproject.FirewallD1", "dbus_interface": "org.fedoraproject.FirewallD1.zone"}
bus.add_signal_receiver(added, "RichRuleAdded", **zones)
bus.add_signal_receiver(removed, "RichRuleRemoved", **zones)
print("ready", flush=True)
GLib.MainLoop().run()
