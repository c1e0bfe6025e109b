#!/bin/bash
# The processes beside the daemon's are killed and stopped: no request fails, rules have their texts
# again, and status says how many were replaced.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

names() {
        pgrep -P "$daemon_pid" -x nfttraced-names
}

compilers() {
        pgrep -P "$daemon_pid" -x nfttraced-pcap
}

# is_replaced PID: it has ended, if it was waited for or not, and another one is there.
is_replaced() {
        [[ $(ps -o stat= -p "$1") =~ ^(Z.*)?$ ]] && compilers | grep -qvx "$1"
}

# starts NAME FILTER: within 15 s.
starts() {
        timeout 15 nfttracectl start --name "$1" --filter "$2" && nfttracectl stop "$1"
}

# drop PORT: by a rule with a text of its own in the host's namespace, which is new.
drop() {
        nft -f - <<END
table inet helpers
flush table inet helpers
table inet helpers {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport $1 counter drop comment "text$1"
        }
}
END
        traffic udp 127.0.0.1 "$1" 1 >/dev/null
}

# A new rule each time: what is lost of the first ones with a helper that is stopped is no matter.
text_again() {
        port=$((port + 1))
        drop "$port"
        await 10 shows_rule texts "text$port"
}

ip link set lo up
port=4000
bus_start
daemon_start
check "a session with a filter starts" starts undisturbed 'udp port 1'
kill -9 "$(compilers)"
check "the next one starts though the process that compiles filters was killed" starts killed 'udp port 2'
stopped=$(compilers)
kill -STOP "$stopped"
check "and though it was stopped" starts stopped 'udp port 3'
check "which is killed and replaced" await 30 is_replaced "$stopped"
check "status says how many helpers were replaced" equal "$(counter helpers-replaced)" 2

nfttracectl start --name texts --verdicts drop >/dev/null
check "a rule has its text" text_again
kill -9 "$(names)"
check "a new rule has its text though the process that reads rules was killed" await 60 text_again
kill -STOP "$(names)"
check "and though it was stopped" await 60 text_again
check "status says that these helpers were replaced, too" await 30 eval 'at_least "$(counter helpers-replaced)" 4'

nft delete table inet helpers
nfttracectl stop texts >/dev/null
check "no name is lost" equal "$(counter names-lost)" 0
