#!/usr/bin/python3
# Has firewalld's name on the bus and sends its signals about rich rules. Standard input: "added RULE" or "removed RULE" a
# line, of the zone public.
#
# usage: firewalld-stand-in.py
import sys

from gi.repository import Gio, GLib

NAME = "org.fedoraproject.FirewallD1"
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
              GLib.Variant("(su)", (NAME, 4)), None, Gio.DBusCallFlags.NONE, -1, None)
for line in sys.stdin:
    what, rule = line.rstrip("\n").split(" ", 1)
    if what == "added":
        arguments = GLib.Variant("(ssi)", ("public", rule, 0))
    else:
        arguments = GLib.Variant("(ss)", ("public", rule))
    bus.emit_signal(None, "/org/fedoraproject/FirewallD1", NAME + ".zone",
                    "RichRule" + what.capitalize(), arguments)
    bus.flush_sync(None)
