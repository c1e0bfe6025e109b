#!/bin/bash
# Writes a bus policy to standard output that includes the project's and lets root have firewalld's
# name.
#
# usage: firewalld-policy.sh SOURCE
cat <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root"><allow own="org.fedoraproject.FirewallD1"/></policy>
  <include>$1/dbus/org.nfttraced1.conf</include>
</busconfig>
END
