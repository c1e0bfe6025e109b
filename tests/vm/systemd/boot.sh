#!/bin/bash
# What became of the boot: the recorder was there before the firewall, without a bus, and joined it
# later.
. "$(dirname "${BASH_SOURCE[0]}")/../systemd-lib.sh"

# before UNIT PROPERTY UNIT PROPERTY: the time in the first property was earlier.
before() {
        local one other
        one=$(service_property "$2" "$1")
        other=$(service_property "$4" "$3")
        echo "$1 $2 $one, $3 $4 $other"
        [ "$one" != 0 ] && [ "$other" != 0 ] && [ "$one" -lt "$other" ]
}

no_cycle() {
        ! journalctl -q -b -o cat | grep -i 'ordering cycle'
}

# The job of the lab waits for neither.
check "the boot's firewall is there" await 120 systemctl is-active nftables.service
check "nfttraced runs since the boot" systemctl is-active nfttraced.service
check "it was ready before the firewall was started" before nfttraced ActiveEnterTimestampMonotonic \
        nftables ExecMainStartTimestampMonotonic
check "it was started before the bus was" before nfttraced ExecMainStartTimestampMonotonic \
        dbus ExecMainStartTimestampMonotonic
check "it did not have to be started twice" equal "$(service_property NRestarts)" 0
check "nothing waits for it in a circle" no_cycle
check "the boot's own traffic met the first rule" await 60 bash -c 'nft list chain inet boot input | grep -q "packets 20 "'
check "it is on the bus since" gdbus wait --system --timeout 60 org.nfttraced1
check "its line of state does not miss the bus" bash -c '[[ "$(systemctl show -P StatusText nfttraced)" != *"no bus"* ]]'

# The session of the configuration: it was there before the firewall's module.
session=boot
session_stop
dropped=$(nft list chain inet boot input | sed -n 's/.*counter packets \([0-9]*\).*/\1/p')
sees "each packet that the first rule dropped was recorded" "$dropped" 'table boot \([0-9]+\) chain input \([0-9]+\) handle [0-9]+ drop'
nfttracectl show --no-pager --rules boot >"$work/text"
sees "with the rule's text" "$dropped" '^  rule udp dport 4242 counter drop comment "the first rule"$'
